package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** RNN, GRU and LSTM: X [time, batch, input], or [batch, time, input] where {@code layout} is 1. */
final class RecurrentShapes {
  private RecurrentShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("RNN", in -> recurrent(in, 1, false).subList(0, 2));
    rules.put("GRU", in -> recurrent(in, 3, false).subList(0, 2));
    rules.put("LSTM", in -> recurrent(in, 4, false));
    rules.put("com.microsoft:DynamicQuantizeLSTM", in -> recurrent(in, 4, true));
  }

  /**
   * Y [time, directions, batch, hidden], then the last states [directions, batch, hidden].
   *
   * @param gatesLast whether the gates are the weights' last axis, not their second
   */
  private static List<TensorType> recurrent(Operands in, int gates, boolean gatesLast) {
    Shape x = in.shape(0);
    Shape recurrence = in.shape(2);
    if (x.rank() != 3 || recurrence.rank() != 3) {
      throw new ModelException(
          "the input " + x + " and the recurrence weights " + recurrence + " need rank 3");
    }
    requireWeights(in, gates, gatesLast);
    boolean batchFirst = in.attributes().flag("layout", false);
    long time = x.dim(batchFirst ? 1 : 0);
    long batch = x.dim(batchFirst ? 0 : 1);
    long directions = recurrence.dim(0);
    long hidden = recurrence.dim(gatesLast ? 1 : 2);
    Shape sequence =
        batchFirst
            ? Shape.of(batch, time, directions, hidden)
            : Shape.of(time, directions, batch, hidden);
    Shape last =
        batchFirst ? Shape.of(batch, directions, hidden) : Shape.of(directions, batch, hidden);
    requireShape(in, 4, "sequence_lens", Shape.of(batch));
    requireShape(in, 5, "initial_h", last);
    requireShape(in, 6, "initial_c", last);
    TensorType state = in.type(0).withShape(last);
    return List.of(in.type(0).withShape(sequence), state, state);
  }

  private static void requireShape(Operands in, int input, String name, Shape expected) {
    Shape given = in.knownType(input).map(TensorType::shape).orElse(expected);
    if (!given.equals(expected)) {
      throw new ModelException(
          "the input " + in.shape(0) + " needs " + name + " of " + expected + ", not " + given);
    }
  }

  private static Shape gatesFirst(Shape weights, boolean gatesLast) {
    return gatesLast && weights.rank() == 3
        ? Shape.of(weights.dim(0), weights.dim(2), weights.dim(1))
        : weights;
  }

  /** Both weights hold {@code gates} rows for each hidden value, in each direction. */
  private static void requireWeights(Operands in, int gates, boolean gatesLast) {
    Shape x = in.shape(0);
    Shape weights = gatesFirst(in.shape(1), gatesLast);
    Shape recurrence = gatesFirst(in.shape(2), gatesLast);
    long hidden = recurrence.dim(2);
    Shape expected = Shape.of(recurrence.dim(0), Sizes.multiply(gates, hidden), x.dim(2));
    if (!weights.equals(expected) || recurrence.dim(1) != expected.dim(1)) {
      throw new ModelException(
          "the weights " + weights + " and " + recurrence + " do not fit the input " + x);
    }
    if (in.attributes().integer("hidden_size", hidden) != hidden) {
      throw new ModelException(
          "hidden_size is %s, but the recurrence weights are %s"
              .formatted(in.attributes().integer("hidden_size"), recurrence));
    }
  }
}
