package dev.flopmeter.count.convention;

import dev.flopmeter.count.CountedNode;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.function.ToLongFunction;

/** What prices are made of, by the names in {@code prices.csv} and in {@code docs/counting.md}. */
final class Quantities {
  private Quantities() {}

  /**
   * The quantity of this name.
   *
   * @throws ModelException if there is none
   */
  static ToLongFunction<CountedNode> named(String name) {
    return switch (name) {
      case "MACs" -> CountedNode::macs;
      case "in" -> CountedNode::in;
      case "out" -> CountedNode::out;
      case "in-bytes" -> call -> bytes(call, call.in());
      case "out-bytes" -> call -> bytes(call, call.out());
      case "parameter-bytes" -> call -> bytes(call, call.parameters());
      case "parameters" -> CountedNode::parameters;
      case "bias" -> CountedNode::biasAdditions;
      case "bias-or-norm" -> call -> isNormalised(call) ? call.out() : call.biasAdditions();
      case "unfolded" -> call -> isFolded(call) ? 0 : call.out();
      case "scaled" -> call -> call.isAffine() ? call.in() : 0;
      case "stored" -> call -> call.isConstant(1) ? 1 : 0;
      case "products" -> call -> call.macs() == 0 ? 0 : call.out();
      case "N" -> CountedNode::batch;
      case "frames" -> Quantities::frames;
      case "F" -> CountedNode::features;
      case "vectors" -> call -> call.in() == 0 ? 0 : call.in() / call.features();
      case "rows" -> Quantities::rows;
      case "k" -> CountedNode::window;
      case "cell" -> Quantities::cell;
      case "taps" -> Quantities::taps;
      case "spread" -> Quantities::spread;
      case "positions" -> Quantities::positions;
      case "steps" -> call -> Sizes.multiply(frames(call), call.operands().shape(2).dim(0));
      case "hidden" -> call -> call.operands().shape(2).dim(2);
      case "gate" -> Quantities::gate;
      default -> throw new ModelException("there is no quantity '" + name + "'");
    };
  }

  private static Shape shape(CountedNode call) {
    return call.operands().shape(0);
  }

  private static long bytes(CountedNode call, long elements) {
    return call.operands().type(0).type().bytes(elements);
  }

  /** Whether a batch normalisation alone reads a convolution, so that exporters fold it. */
  private static boolean isNormalised(CountedNode call) {
    return call.readers().size() == 1 && call.readers().get(0).equals("BatchNormalization");
  }

  private static boolean isFolded(CountedNode call) {
    return call.writer(0).equals("Conv") && call.isOnlyReaderOf(0);
  }

  /** How many groups of elements a layer normalisation treats together. */
  private static long rows(CountedNode call) {
    int axis = shape(call).axis(call.operands().attributes().integer("axis", -1));
    return shape(call).elements(0, axis);
  }

  /** Elements of an adaptive pool's window, rounded down along each axis. */
  private static long cell(CountedNode call) {
    Shape in = shape(call);
    Shape out = call.operands().output(0).shape();
    long window = 1;
    for (int axis = 2; axis < in.rank(); axis++) {
      window = Sizes.multiply(window, in.dim(axis) / Math.max(1, out.dim(axis)));
    }
    return window;
  }

  /** Weights of a transposed convolution that one of its inputs meets per output channel. */
  private static long taps(CountedNode call) {
    Shape weight = call.operands().shape(1);
    return Sizes.multiply(weight.dim(0) / group(call), weight.elements(2, weight.rank()));
  }

  /** Positions of a transposed convolution's input, times its output channels. */
  private static long spread(CountedNode call) {
    long positions = shape(call).elements(2, shape(call).rank());
    return Sizes.product(positions, call.operands().shape(1).dim(1), group(call));
  }

  private static long group(CountedNode call) {
    return call.operands().attributes().integer("group", 1);
  }

  private static long positions(CountedNode call) {
    long channels = call.operands().output(0).shape().dim(1);
    return call.out() / Math.max(1, Sizes.multiply(call.batch(), channels));
  }

  /** The two leading dimensions of a recurrent layer's input: time and batch. */
  private static long frames(CountedNode call) {
    return Sizes.multiply(shape(call).dim(0), shape(call).dim(1));
  }

  /** What a gate of a recurrent cell computes in a step: H (I + H) + H, and 2 H with biases. */
  private static long gate(CountedNode call) {
    Operands in = call.operands();
    long hidden = in.shape(2).dim(2);
    long products = Sizes.multiply(hidden, in.shape(0).dim(2) + hidden);
    return Sizes.add(products, in.has(3) ? 3 * hidden : hidden);
  }
}
