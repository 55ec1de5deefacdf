package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Recurrent layers: the inputs of all time steps in one product, then one kernel per step. The
 * state stays in float32 whatever the plan's precision.
 */
final class Recurrence {
  /** The numbers of {@code recurrent.c}; {@code gates} is how many a unit has. */
  private enum Cell {
    RNN(0, 1),
    GRU(1, 3),
    LSTM(2, 4);

    private final int code;
    private final int gates;

    Cell(int code, int gates) {
      this.code = code;
      this.gates = gates;
    }
  }

  private static final List<String> FUNCTIONS = List.of("sigmoid", "tanh", "relu");

  private Recurrence() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("RNN", node -> plan(node, Cell.RNN));
    operators.put("GRU", node -> plan(node, Cell.GRU));
    operators.put("LSTM", node -> plan(node, Cell.LSTM));
  }

  private static void plan(NodePlan node, Cell cell) {
    if (node.attributes().has("clip") || node.attributes().flag("input_forget", false)) {
      throw node.unsupported("clip or input_forget");
    }
    boolean batchFirst = node.attributes().flag("layout", false);
    TensorView x = node.plain(0);
    TensorView sequence = batchFirst ? x.permuted(1, 0, 2) : x;
    long steps = sequence.dim(0);
    long batch = sequence.dim(1);
    TensorView weights = node.plain(1);
    TensorView recurrent = node.plain(2);
    int directions = Math.toIntExact(weights.dim(0));
    long hidden = recurrent.dim(2);
    long rows = cell.gates * hidden;
    TensorView bias = node.plainOrNull(3);
    TensorView lengths = node.plainOrNull(4);
    TensorView peepholes = cell == Cell.LSTM ? node.plainOrNull(7) : null;
    TensorView initialH = node.plainOrNull(5);
    TensorView initialC = cell == Cell.LSTM ? node.plainOrNull(6) : null;
    TensorView y = node.outOrNull(0);
    TensorView lastH = node.outOrNull(1);
    TensorView lastC = cell == Cell.LSTM ? node.outOrNull(2) : null;
    for (int d = 0; d < directions; d++) {
      boolean reverse = d == 1 || node.attributes().text("direction", "forward").equals("reverse");
      TensorView projected =
          node.scratch("projected" + d, Shape.of(steps, batch, rows), ElementType.F32);
      TensorView w = weights.part(0, d, 1).as(Shape.of(rows, weights.dim(2)), weights.stride(1), 1);
      node.launch(new ProductWork(sequence, w.permuted(1, 0).ofRank(3), projected, 1));
      TensorView[] h = states(node, "h" + d, batch, hidden);
      TensorView[] c = cell == Cell.LSTM ? states(node, "c" + d, batch, hidden) : h;
      TensorView gates =
          cell == Cell.GRU
              ? node.scratch("gates" + d, Shape.of(batch, 2 * hidden), ElementType.F32)
              : null;
      node.launch(initial(initialH, d, batchFirst, h[0]));
      if (cell == Cell.LSTM) {
        node.launch(initial(initialC, d, batchFirst, c[0]));
      }
      for (int step = 0; step < steps; step++) {
        int now = step % 2;
        for (int phase = 0; phase < (cell == Cell.GRU ? 2 : 1); phase++) {
          node.launch(
              "recurrent_step",
              batch * hidden,
              new Arguments()
                  .pointer(projected)
                  .pointer(recurrent.movedBy((long) d * rows * hidden))
                  .pointerOrNull(bias == null ? null : bias.movedBy(2L * d * rows))
                  .pointerOrNull(peepholes == null ? null : peepholes.movedBy(3L * d * hidden))
                  .pointer(h[now])
                  .pointerOrNull(cell == Cell.LSTM ? c[now] : null)
                  .pointer(h[1 - now])
                  .pointerOrNull(cell == Cell.LSTM ? c[1 - now] : null)
                  .pointerOrNull(gates)
                  .pointerOrNull(y == null ? null : direction(y, d, batchFirst))
                  .pointerOrNull(lengths)
                  .numbers(
                      y == null ? 0 : y.stride(batchFirst ? 1 : 0),
                      y == null ? 0 : y.stride(batchFirst ? 0 : 2))
                  .integer(step)
                  .integer(steps)
                  .integer(batch)
                  .integer(hidden)
                  .integers(cell.code, phase, reverse ? 1 : 0, recurrent.storage().code())
                  .integer(node.attributes().integer("linear_before_reset", 0))
                  .integers(functions(node, cell, d)));
        }
      }
      int last = (int) (steps % 2);
      result(node, lastH, d, batchFirst, h[last]);
      result(node, lastC, d, batchFirst, c[last]);
    }
  }

  private static TensorView[] states(NodePlan node, String name, long batch, long hidden) {
    return new TensorView[] {
      node.scratch(name + "a", Shape.of(batch, hidden), ElementType.F32),
      node.scratch(name + "b", Shape.of(batch, hidden), ElementType.F32)
    };
  }

  /** The part of one direction: of y (time, direction, batch), or (batch, time, direction). */
  private static TensorView direction(TensorView y, int d, boolean batchFirst) {
    return y.movedBy(d * y.stride(batchFirst ? 2 : 1));
  }

  private static TensorView stateOf(TensorView all, int d, boolean batchFirst) {
    return all.part(batchFirst ? 1 : 0, d, 1).permuted(batchFirst ? 0 : 1, 2);
  }

  private static Work initial(
      @Nullable TensorView given, int d, boolean batchFirst, TensorView state) {
    return given == null
        ? CopyKernels.fill(state, 0)
        : CopyKernels.copy(stateOf(given, d, batchFirst), state);
  }

  private static void result(
      NodePlan node, @Nullable TensorView all, int d, boolean batchFirst, TensorView state) {
    if (all != null) {
      node.launch(CopyKernels.copy(state, stateOf(all, d, batchFirst)));
    }
  }

  /** The functions of one direction by their numbers: gates, cell input, cell output. */
  private static int[] functions(NodePlan node, Cell cell, int direction) {
    int each = cell == Cell.LSTM ? 3 : cell == Cell.GRU ? 2 : 1;
    List<String> defaults =
        switch (cell) {
          case RNN -> List.of("tanh");
          case GRU -> List.of("sigmoid", "tanh");
          case LSTM -> List.of("sigmoid", "tanh", "tanh");
        };
    List<String> given = node.attributes().texts("activations").orElse(List.of());
    int[] codes = new int[3];
    for (int i = 0; i < each; i++) {
      int at = direction * each + i;
      String name =
          (at < given.size() ? given.get(at) : defaults.get(i)).toLowerCase(java.util.Locale.ROOT);
      codes[i] = FUNCTIONS.indexOf(name);
      if (codes[i] < 0) {
        throw node.unsupported("the activation " + name);
      }
    }
    return codes;
  }
}
