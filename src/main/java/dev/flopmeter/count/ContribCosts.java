package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.shape.ProductOrder;
import java.util.Objects;

/**
 * Operators of {@code com.microsoft}: those that optimised exports hold most, products with weights
 * packed into a few bits, and mixtures of experts. Unpacking counts nothing: it depends on the
 * runtime, and could be done once.
 */
final class ContribCosts {
  private ContribCosts() {}

  static void addTo(CostTable table) {
    withActivation(table, "Conv");
    withActivation(table, "Gemm");
    table.add(
        "com.microsoft:FusedMatMul",
        "MACs out x the inner dimension; + out where alpha is not 1",
        ContribCosts::fusedMatMul);
    table.flops(
        "com.microsoft:FastGelu",
        "9 x out, as Gelu by tanh; + out for a bias",
        in -> PerElement.ofOutput(in, in.has(1) ? 10 : 9));
    table.flops(
        "com.microsoft:SkipLayerNormalization",
        "in to add, + in for a bias, + 6 x in to normalise and scale, + in for a shift",
        in -> PerElement.ofInput(in, 7 + (in.has(3) ? 1 : 0) + (in.has(4) ? 1 : 0)));
    table.flops(
        "com.microsoft:SkipSimplifiedLayerNormalization",
        "in to add, + in for a bias, + 4 x in as RMSNormalization",
        in -> PerElement.ofInput(in, in.has(3) ? 6 : 5));
    table.flops(
        "com.microsoft:EmbedLayerNormalization",
        "8 x out to add up to three embeddings, normalise, scale and shift, + out with segments",
        in -> PerElement.ofOutput(in, in.has(1) ? 9 : 8));
    table.add(
        "com.microsoft:MatMulNBits com.microsoft:MatMulBnb4 com.microsoft:MatMulFpQ4",
        "MACs out x the inner dimension; + out for a bias; unpacking the weights counts nothing",
        ContribCosts::product);
    table.add(
        "com.microsoft:MoE com.microsoft:QMoE",
        "MACs tokens x k x the weights of one expert; + biases and activation of k experts, +"
            + " 5 per router score for its softmax",
        ContribCosts::experts);
  }

  private static void withActivation(CostTable table, String op) {
    CostRule plain = Objects.requireNonNull(table.rules().get(op), "it must be registered first");
    table.add(
        "com.microsoft:Fused" + op,
        "as " + op + ", + out for an addend, + the operations of its activation per output",
        in -> plain.work(in).plus(Work.flops(PerElement.ofOutput(in, activation(in, op)))));
  }

  private static long activation(Operands in, String op) {
    long addend = op.equals("Conv") && in.has(3) ? 1 : 0;
    return addend
        + switch (in.attributes().text("activation", "")) {
          case "" -> 0;
          case "Relu", "Tanh" -> 1;
          case "LeakyRelu", "Clip" -> 2;
          case "Softplus", "Softsign" -> 3;
          default -> 4;
        };
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
    long perToken =
        Sizes.add(Sizes.add(biases, expertActivation(in, inner)), Sizes.multiply(2, hidden));
    return new Work(
        Sizes.product(rows, hidden, layers),
        Sizes.add(Sizes.multiply(rows, perToken), Sizes.multiply(5, router.elements())));
  }

  private static long expertActivation(Operands in, long inner) {
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
