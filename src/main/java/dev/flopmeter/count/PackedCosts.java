package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.Map;

/**
 * Products with weights packed into a few bits, and mixtures of experts. Unpacking counts nothing:
 * it depends on the runtime, and could be done once.
 */
final class PackedCosts {
  private static final String DOMAIN = "com.microsoft:";

  private PackedCosts() {}

  static void addTo(Map<String, CostRule> rules) {
    CostRule product =
        CostRule.described(
            "MACs out x the inner dimension; + out for a bias; unpacking the weights counts"
                + " nothing",
            PackedCosts::product);
    for (String op : new String[] {"MatMulNBits", "MatMulBnb4", "MatMulFpQ4"}) {
      rules.put(DOMAIN + op, product);
    }
    rules.put(
        DOMAIN + "GatherBlockQuantized", PerElement.ofOutput(2, "as Gather and DequantizeLinear"));
    CostRule experts =
        CostRule.described(
            "MACs tokens x k x the weights of one expert; + biases and activation of k experts, +"
                + " 5 per router score for its softmax",
            PackedCosts::experts);
    rules.put(DOMAIN + "MoE", experts);
    rules.put(DOMAIN + "QMoE", experts);
  }

  private static Work product(Operands in) {
    long out = in.output(0).elements();
    return new Work(Sizes.multiply(out, in.shape(0).dim(-1)), in.has(5) ? out : 0);
  }

  private static Work experts(Operands in) {
    boolean isPacked = in.node().op().equals("QMoE");
    int second = isPacked ? 5 : 4;
    boolean hasThird = in.has(isPacked ? 8 : 6);
    Shape router = in.shape(1);
    long hidden = in.shape(0).dim(-1);
    long wide = in.shape(2).dim(1);
    long inner = in.attributes().integer("swiglu_fusion", 0) > 0 ? wide / 2 : wide;
    long rows = Sizes.multiply(router.dim(0), in.attributes().integer("k", 1));
    long layers = Sizes.add(wide, Sizes.multiply(hasThird ? 2 : 1, inner));
    long biases =
        Sizes.add(
            in.has(isPacked ? 4 : 3) ? wide : 0, in.has(second + (isPacked ? 2 : 1)) ? hidden : 0);
    long perToken = Sizes.add(Sizes.add(biases, activation(in, inner)), Sizes.multiply(2, hidden));
    return new Work(
        Sizes.product(rows, hidden, layers),
        Sizes.add(Sizes.multiply(rows, perToken), Sizes.multiply(5, router.elements())));
  }

  private static long activation(Operands in, long inner) {
    return Sizes.multiply(
        inner,
        switch (in.attributes().text("activation_type", "relu")) {
          case "identity" -> 0;
          case "relu" -> 1;
          case "silu" -> 5;
          case "swiglu" -> 7;
          default -> 9;
        });
  }
}
