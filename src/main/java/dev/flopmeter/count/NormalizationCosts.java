package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import java.util.Map;

/**
 * Normalisations, counted per element: the few operations per group (epsilon, root, division) are
 * left out.
 */
final class NormalizationCosts {
  private NormalizationCosts() {}

  static void addTo(Map<String, CostRule> rules) {
    rules.put(
        "BatchNormalization",
        CostRule.described(
            "2 x in: multiply, add; scale and shift follow from stored statistics; in training mode"
                + " + 4 x in for the batch's own (sum, subtract, square, sum)",
            in -> {
              boolean isTraining = in.attributes().flag("training_mode", false);
              return Work.flops(perElement(in, isTraining ? 6 : 2));
            }));
    CostRule full =
        CostRule.described(
            "5 x in (sum, subtract, square, sum, multiply), + in for a scale, + in for a shift",
            in -> Work.flops(perElement(in, 5 + (in.has(1) ? 1 : 0) + (in.has(2) ? 1 : 0))));
    rules.put("LayerNormalization", full);
    rules.put("InstanceNormalization", full);
    rules.put("GroupNormalization", full);
    rules.put(
        "MeanVarianceNormalization", PerElement.ofInput(5, "sum, subtract, square, sum, multiply"));
    rules.put(
        "RMSNormalization", PerElement.ofInput(4, "square, sum, multiply, multiply by the scale"));
    rules.put("SimplifiedLayerNormalization", PerElement.ofInput(4, "as RMSNormalization"));
    rules.put("LpNormalization", PerElement.ofInput(3, "power, sum, divide"));
    rules.put(
        "LRN",
        CostRule.described(
            "(size + 4) x in: square, sum of size, multiply, add, power, divide",
            in -> Work.flops(perElement(in, Sizes.add(in.attributes().integer("size"), 4)))));
    rules.put("Softmax", PerElement.ofInput(5, "maximum, subtract, exp, sum, divide"));
    rules.put("LogSoftmax", PerElement.ofInput(5, "maximum, subtract, exp, sum, subtract"));
    rules.put("Hardmax", PerElement.ofInput(1, "one comparison"));
    rules.put(
        "NegativeLogLikelihoodLoss",
        CostRule.described(
            "per label: 1 to negate, + 1 for a weight, + 1 to join them",
            in -> Work.flops(likelihood(in))));
    rules.put(
        "SoftmaxCrossEntropyLoss",
        CostRule.described(
            "5 x in as LogSoftmax, then as NegativeLogLikelihoodLoss",
            in -> Work.flops(Sizes.add(perElement(in, 5), likelihood(in)))));
  }

  private static long likelihood(Operands in) {
    boolean isReduced = !in.attributes().text("reduction", "mean").equals("none");
    long operations = 1L + (in.has(2) ? 1 : 0) + (isReduced ? 1 : 0);
    return Sizes.multiply(operations, in.type(1).elements());
  }

  private static long perElement(Operands in, long operations) {
    return Sizes.multiply(operations, in.type(0).elements());
  }
}
