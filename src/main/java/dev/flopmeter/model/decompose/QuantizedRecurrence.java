package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * DynamicQuantizeLSTM, step by step. Inputs: as of LSTM, the weights with the gates as their last
 * axis; then the weights' scales and zero points. Inputs and states are quantised by their own
 * range at every product.
 */
final class QuantizedRecurrence {
  private final Body b;
  private final long time;
  private final long batch;
  private final long hidden;

  private QuantizedRecurrence(Body b) {
    this.b = b;
    this.time = b.shape(0).dim(0);
    this.batch = b.shape(0).dim(1);
    this.hidden = b.shape(2).dim(1);
  }

  /** The outputs: those of all steps, the last state, the last cell. */
  static List<String> write(Body b) {
    return new QuantizedRecurrence(b).outputs();
  }

  /** One direction's outputs, each with an axis of 1 for it. */
  private record Direction(String steps, String state, String cell) {}

  private List<String> outputs() {
    QuantizedOperators.requireZeroPoint(b, 1, 9);
    QuantizedOperators.requireZeroPoint(b, 2, 11);
    boolean isReverse = b.text("direction", "forward").equals("reverse");
    String x = requantized(b.input(0));
    List<Direction> all = new ArrayList<>();
    for (int d = 0; d < b.shape(1).dim(0); d++) {
      all.add(direction(x, d, isReverse || d == 1));
    }
    return List.of(
        joined(all.stream().map(Direction::steps).toList(), 1),
        joined(all.stream().map(Direction::state).toList(), 0),
        joined(all.stream().map(Direction::cell).toList(), 0));
  }

  private String joined(List<String> values, long axis) {
    return b.concat(axis, values.toArray(String[]::new));
  }

  private Direction direction(String x, int d, boolean isBackwards) {
    String given = b.product(x, weights(1, 8, d));
    if (b.has(3)) {
      List<String> halves = b.split(2, -1, of(3, d));
      given = b.plus(given, b.plus(halves.get(0), halves.get(1)));
    }
    String recurrence = weights(2, 10, d);
    String state = start(5, d);
    String cell = start(6, d);
    String[] steps = new String[(int) time];
    for (int i = 0; i < time; i++) {
      int t = isBackwards ? (int) time - 1 - i : i;
      String product = b.product(requantizedRows(state), recurrence);
      String sums = b.plus(b.at(given, 0, t), product);
      Gates gates = new Gates(d, sums, cell);
      String nextCell = gates.cell();
      String next = gates.output(nextCell);
      steps[t] = b.reshaped(kept(t, next, zeros()), 1, 1, batch, hidden);
      state = kept(t, next, state);
      cell = kept(t, nextCell, cell);
    }
    return new Direction(
        joined(List.of(steps), 0),
        b.reshaped(state, 1, batch, hidden),
        b.reshaped(cell, 1, batch, hidden));
  }

  /** Input, output, forget and cell gates of one step. */
  private final class Gates {
    private final int direction;
    private final List<String> sums;
    private final String before;
    private final String in;

    Gates(int direction, String sums, String before) {
      this.direction = direction;
      this.sums = b.split(4, -1, sums);
      this.before = before;
      this.in = applied(0, peeped(0, 0, before));
    }

    String cell() {
      String forget =
          b.flag("input_forget", false)
              ? b.minus(b.number(1), in)
              : applied(0, peeped(2, 2, before));
      String fresh = b.times(in, applied(1, sums.get(3)));
      return b.plus(b.times(forget, before), fresh);
    }

    String output(String cell) {
      return b.times(applied(0, peeped(1, 1, cell)), activated(2, cell));
    }

    private String peeped(int gate, int peephole, String cell) {
      if (!b.has(7)) {
        return sums.get(gate);
      }
      long from = peephole * hidden;
      String weights = b.add("Slice", of(7, direction), b.longs(from), b.longs(from + hidden));
      return b.plus(sums.get(gate), b.times(weights, cell));
    }

    private String applied(int function, String sum) {
      float clip = b.number("clip", 0);
      String clipped = clip == 0 ? sum : b.add("Clip", sum, b.number(-clip), b.number(clip));
      return activated(function, clipped);
    }

    private String activated(int function, String value) {
      List<String> names =
          b.attributes()
              .texts("activations")
              .orElse(List.of("Sigmoid", "Tanh", "Tanh", "Sigmoid", "Tanh", "Tanh"));
      int index = 3 * direction + function;
      if (index >= names.size() || b.attributes().has("activation_alpha")) {
        throw new ModelException(
            "the attributes 'activations' and 'activation_alpha' of this form are not supported");
      }
      return b.add(names.get(index), value);
    }
  }

  /** {@code next} for sequences that still run at step {@code t}. */
  private String kept(int t, String next, String otherwise) {
    if (!b.has(4)) {
      return next;
    }
    String lengths = b.reshaped(b.cast(b.input(4), DataType.INT64), batch, 1);
    String runs = b.add("Greater", lengths, b.constant(Tensor.ofLong(t)));
    return b.where(runs, next, otherwise);
  }

  private String start(int input, int d) {
    return b.has(input) ? of(input, d) : zeros();
  }

  private String zeros() {
    return b.constant(FilledTensor.of(TensorType.of(DataType.FLOAT, batch, hidden), 0));
  }

  private String of(int input, int d) {
    return b.at(b.input(input), 0, d);
  }

  private String weights(int input, int scales, int d) {
    Shape shape = b.shape(input);
    Shape own = b.shape(scales);
    if (shape.rank() != 3
        || own.dim(0) != shape.dim(0)
        || own.elements() != own.dim(0) * (own.rank() == 1 ? 1 : shape.dim(2))) {
      throw new ModelException(
          "the scales %s (input %s) do not fit the weights %s".formatted(own, scales, shape));
    }
    QuantizedOperators.scale(b, scales);
    String value = b.cast(of(input, d), DataType.FLOAT);
    String zero = b.cast(of(scales + 1, d), DataType.FLOAT);
    return b.times(b.minus(value, zero), of(scales, d));
  }

  /** What is left of {@code x} after it was quantised by the range of all of it. */
  private String requantized(String x) {
    List<String> steps = b.add(3, "DynamicQuantizeLinear", Attributes.NONE, x);
    return b.add("DequantizeLinear", steps.toArray(String[]::new));
  }

  /** What is left of each state after it was quantised by its own range. */
  private String requantizedRows(String state) {
    IntegerOperators.Range range =
        IntegerOperators.Range.of(
            b, b.add("ReduceMin", state, b.longs(1)), b.add("ReduceMax", state, b.longs(1)));
    String steps = b.plus(b.add("Round", b.over(state, range.scale())), range.shift());
    String bytes = b.add("Clip", steps, b.number(0), b.number(255));
    return b.times(b.minus(bytes, range.shift()), range.scale());
  }
}
