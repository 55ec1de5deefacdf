package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Tensor;
import java.util.List;

/** ONNX's losses of classifiers: labels may be ignored, classes weighted. */
final class LossOperators {
  private static final Attributes SCALAR = Attributes.of("keepdims", 0L);

  private LossOperators() {}

  static void addTo(BodyTable table) {
    table.put("NegativeLogLikelihoodLoss", b -> loss(b, b.input(0)));
    table.putAll(
        "SoftmaxCrossEntropyLoss",
        b -> {
          String logarithms = b.add("LogSoftmax", Attributes.of("axis", 1L), b.input(0));
          return List.of(loss(b, logarithms), logarithms);
        });
  }

  /** The mean is weighted; ignored labels have the weight 0. */
  private static String loss(Body b, String logarithms) {
    DataType type = b.type(logarithms).type();
    String labels = b.cast(b.input(1), DataType.INT64);
    String weights = "";
    if (b.in().attributes().has("ignore_index")) {
      long ignored = b.attributes().integer("ignore_index");
      String seen = b.add("Not", b.add("Equal", labels, b.constant(Tensor.ofLong(ignored))));
      labels = b.where(seen, labels, b.constant(Tensor.ofLong(0)));
      weights = b.cast(seen, type);
    }
    if (b.has(2)) {
      String ofClass = b.gather(b.input(2), 0, labels);
      weights = weights.isEmpty() ? ofClass : b.times(ofClass, weights);
    }
    String picked =
        b.add("GatherElements", Attributes.of("axis", 1L), logarithms, b.unsqueezed(labels, 1));
    String losses = b.add("Neg", b.reshaped(picked, b.shape(1).dims()));
    if (!weights.isEmpty()) {
      losses = b.times(losses, weights);
    }
    return switch (b.text("reduction", "mean")) {
      case "none" -> losses;
      case "sum" -> b.add("ReduceSum", SCALAR, losses);
      default ->
          weights.isEmpty()
              ? b.add("ReduceMean", SCALAR, losses)
              : b.over(b.add("ReduceSum", SCALAR, losses), b.add("ReduceSum", SCALAR, weights));
    };
  }
}
