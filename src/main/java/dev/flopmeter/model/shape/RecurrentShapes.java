package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** RNN, GRU and LSTM: X [time, batch, input], or [batch, time, input] where {@code layout} is 1. */
final class RecurrentShapes {
  private RecurrentShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("RNN", RecurrentShapes::recurrent);
    rules.put("GRU", RecurrentShapes::recurrent);
    rules.put("LSTM", RecurrentShapes::recurrent);
  }

  /** Y [time, directions, batch, hidden], then the last states [directions, batch, hidden]. */
  private static List<TensorType> recurrent(Operands in) {
    Shape x = in.shape(0);
    Shape recurrence = in.shape(2);
    if (x.rank() != 3 || recurrence.rank() != 3) {
      throw new ModelException(
          "the input " + x + " and the recurrence weights " + recurrence + " need rank 3");
    }
    if (in.shape(1).dim(2) != x.dim(2)) {
      throw new ModelException("the weights " + in.shape(1) + " do not fit the input " + x);
    }
    boolean batchFirst = in.attributes().flag("layout", false);
    long time = x.dim(batchFirst ? 1 : 0);
    long batch = x.dim(batchFirst ? 0 : 1);
    long directions = recurrence.dim(0);
    long hidden = recurrence.dim(2);
    Shape sequence =
        batchFirst
            ? Shape.of(batch, time, directions, hidden)
            : Shape.of(time, directions, batch, hidden);
    Shape last =
        batchFirst ? Shape.of(batch, directions, hidden) : Shape.of(directions, batch, hidden);
    TensorType state = in.type(0).withShape(last);
    return List.of(in.type(0).withShape(sequence), state, state);
  }
}
