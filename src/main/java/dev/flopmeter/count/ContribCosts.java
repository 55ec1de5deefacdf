package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.shape.ProductOrder;
import java.util.Map;

/**
 * Operators of {@code com.microsoft}: those that optimised exports hold most, products with weights
 * packed into a few bits, and mixtures of experts. Unpacking counts nothing: it depends on the
 * runtime, and could be done once.
 */
final class ContribCosts {
  private ContribCosts() {}

  private static final String DOMAIN = "com.microsoft:";

  static void addTo(Map<String, CostRule> rules) {
    rules.put(DOMAIN + "FusedConv", withActivation(rules, "Conv"));
    rules.put(DOMAIN + "FusedGemm", withActivation(rules, "Gemm"));
    rules.put(
        DOMAIN + "FusedMatMul",
        CostRule.described(
            "MACs out x the inner dimension; + out where alpha is not 1",
            ContribCosts::fusedMatMul));
    rules.put(DOMAIN + "Gelu", PerElement.ofOutput(5, "as Gelu"));
    rules.put(DOMAIN + "BiasGelu", PerElement.ofOutput(6, "an addition, then as Gelu"));
    rules.put(
        DOMAIN + "FastGelu",
        CostRule.described(
            "9 x out, as Gelu by tanh; + out for a bias",
            in -> Work.flops(Sizes.multiply(in.has(1) ? 10 : 9, in.output(0).elements()))));
    rules.put(DOMAIN + "QuickGelu", PerElement.ofOutput(6, "multiply, Sigmoid, multiply"));
    rules.put(
        DOMAIN + "SkipLayerNormalization",
        CostRule.described(
            "in to add, + in for a bias, + 6 x in to normalise and scale, + in for a shift",
            in -> Work.flops(perElement(in, 7 + (in.has(3) ? 1 : 0) + (in.has(4) ? 1 : 0)))));
    rules.put(
        DOMAIN + "SkipSimplifiedLayerNormalization",
        CostRule.described(
            "in to add, + in for a bias, + 4 x in as RMSNormalization",
            in -> Work.flops(perElement(in, 5 + (in.has(3) ? 1 : 0)))));
    rules.put(
        DOMAIN + "EmbedLayerNormalization",
        CostRule.described(
            "8 x out to add up to three embeddings, normalise, scale and shift, + out with"
                + " segments",
            in -> Work.flops(Sizes.multiply(in.has(1) ? 9 : 8, in.output(0).elements()))));
    CostRule product =
        CostRule.described(
            "MACs out x the inner dimension; + out for a bias; unpacking the weights counts"
                + " nothing",
            ContribCosts::product);
    for (String op : new String[] {"MatMulNBits", "MatMulBnb4", "MatMulFpQ4"}) {
      rules.put(DOMAIN + op, product);
    }
    rules.put(
        DOMAIN + "GatherBlockQuantized", PerElement.ofOutput(2, "as Gather and DequantizeLinear"));
    CostRule experts =
        CostRule.described(
            "MACs tokens x k x the weights of one expert; + biases and activation of k experts, +"
                + " 5 per router score for its softmax",
            ContribCosts::experts);
    rules.put(DOMAIN + "MoE", experts);
    rules.put(DOMAIN + "QMoE", experts);
  }

  private static long perElement(Operands in, long operations) {
    return Sizes.multiply(operations, in.type(0).elements());
  }

  private static CostRule withActivation(Map<String, CostRule> rules, String op) {
    CostRule plain = rules.get(op);
    if (plain == null) {
      throw new IllegalStateException(op + " must be registered first");
    }
    return CostRule.described(
        "as " + op + ", + out for an addend, + the operations of its activation per output",
        in -> plain.work(in).plus(activation(in, op)));
  }

  private static Work activation(Operands in, String op) {
    long operations =
        switch (in.attributes().text("activation", "")) {
          case "" -> 0;
          case "Relu", "Tanh" -> 1;
          case "LeakyRelu", "Clip" -> 2;
          case "Softplus", "Softsign" -> 3;
          default -> 4;
        };
    if (op.equals("Conv") && in.has(3)) {
      operations++;
    }
    return Work.flops(Sizes.multiply(operations, in.output(0).elements()));
  }

  private static Work fusedMatMul(Operands in) {
    Shape a = in.shape(0);
    int[] order = ProductOrder.of(in.attributes(), 'A', a.rank());
    long out = in.output(0).elements();
    return new Work(
        Sizes.multiply(out, a.dim(order[order.length - 1])),
        in.attributes().number("alpha", 1) == 1 ? 0 : out);
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
