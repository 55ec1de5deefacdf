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
        PerElement.ofInput(2, "multiply, add; scale and shift follow from stored statistics"));
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
    rules.put("LpNormalization", PerElement.ofInput(3, "power, sum, divide"));
    rules.put(
        "LRN",
        CostRule.described(
            "(size + 4) x in: square, sum of size, multiply, add, power, divide",
            in -> Work.flops(perElement(in, Sizes.add(in.attributes().integer("size"), 4)))));
    rules.put("Softmax", PerElement.ofInput(5, "maximum, subtract, exp, sum, divide"));
    rules.put("LogSoftmax", PerElement.ofInput(5, "maximum, subtract, exp, sum, subtract"));
    rules.put("Hardmax", PerElement.ofInput(1, "one comparison"));
  }

  private static long perElement(Operands in, long operations) {
    return Sizes.multiply(operations, in.type(0).elements());
  }
}
