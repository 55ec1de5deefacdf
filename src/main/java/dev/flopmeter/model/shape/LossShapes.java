package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Losses of scores N x C x D1 ... against labels N x D1 ..., which exports for training end in. */
final class LossShapes {
  private LossShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("NegativeLogLikelihoodLoss", in -> List.of(loss(in)));
    rules.put("SoftmaxCrossEntropyLoss", in -> List.of(loss(in), in.type(0)));
  }

  /** One loss per label, or one for all of them. */
  private static TensorType loss(Operands in) {
    Shape scores = in.shape(0);
    Shape labels = in.shape(1);
    if (scores.rank() < 2 || !scores.without(1).equals(labels)) {
      throw new ModelException("the labels " + labels + " do not fit the scores " + scores);
    }
    boolean isReduced = !in.attributes().text("reduction", "mean").equals("none");
    return in.type(0).withShape(isReduced ? Shape.SCALAR : labels);
  }
}
