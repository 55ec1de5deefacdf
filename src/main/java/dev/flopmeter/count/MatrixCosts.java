package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.shape.EinsumEquation;
import java.util.Map;

/** Matrix products, contractions and attention. */
final class MatrixCosts {
  private MatrixCosts() {}

  static void addTo(Map<String, CostRule> rules) {
    rules.put(
        "MatMul",
        CostRule.described(
            "MACs out x the inner dimension, leading axes broadcast",
            in -> Work.macs(product(in, 0))));
    rules.put(
        "MatMulInteger",
        CostRule.described("MACs out x the inner dimension", in -> Work.macs(product(in, 0))));
    rules.put(
        "QLinearMatMul",
        CostRule.described(
            "MACs out x the inner dimension; + 2 x out to requantise",
            in -> new Work(product(in, 0), Sizes.multiply(2, in.output(0).elements()))));
    rules.put(
        "Gemm",
        CostRule.described(
            "MACs M x N x K; + out for the addend, + out where alpha, + addend where beta is not 1",
            MatrixCosts::gemm));
    rules.put(
        "Einsum",
        CostRule.described(
            "operands joined two by two from the left: MACs the product of all indices met, or one"
                + " FLOP each where none is summed over; for one operand the product of its"
                + " indices, each once, - out",
            MatrixCosts::einsum));
    rules.put(
        "Attention",
        CostRule.described(
            "MACs batch x heads x Lq x Lk x (D + Dv); per score: scale 1, softmax 5, mask 1,"
                + " softcap 3",
            MatrixCosts::attention));
    rules.put(
        "RotaryEmbedding",
        CostRule.described(
            "3 per rotated element: two multiplies and an addition", MatrixCosts::rotary));
    rules.put(
        "Det",
        CostRule.described(
            "2/3 n^3 per matrix, by LU decomposition, rounded down", MatrixCosts::determinant));
  }

  private static long product(Operands in, int a) {
    return Sizes.multiply(in.output(0).elements(), in.shape(a).dim(-1));
  }

  private static Work gemm(Operands in) {
    boolean transA = in.attributes().flag("transA", false);
    long k = in.shape(0).dim(transA ? 0 : 1);
    long out = in.output(0).elements();
    long more = in.attributes().number("alpha", 1) == 1 ? 0 : out;
    if (in.has(2)) {
      more = Sizes.add(more, out);
      if (in.attributes().number("beta", 1) != 1) {
        more = Sizes.add(more, in.type(2).elements());
      }
    }
    return new Work(Sizes.multiply(out, k), more);
  }

  private static Work einsum(Operands in) {
    EinsumEquation equation = EinsumEquation.of(in);
    if (in.inputCount() == 1) {
      return Work.flops(Math.max(0, equation.read(0) - in.output(0).elements()));
    }
    Work work = Work.NONE;
    for (EinsumEquation.Join join : equation.joins()) {
      work = work.plus(join.isContraction() ? Work.macs(join.size()) : Work.flops(join.size()));
    }
    return work;
  }

  private static Work attention(Operands in) {
    Shape q = in.shape(0);
    Shape k = in.shape(1);
    Shape v = in.shape(2);
    long heads = q.rank() == 4 ? q.dim(1) : in.attributes().integer("q_num_heads");
    long kvHeads = k.rank() == 4 ? k.dim(1) : in.attributes().integer("kv_num_heads");
    long queries = q.rank() == 4 ? q.dim(2) : q.dim(1);
    long keys = k.rank() == 4 ? k.dim(2) : k.dim(1);
    if (in.has(4)) {
      keys = Sizes.add(keys, in.shape(4).dim(2));
    }
    long depth = q.rank() == 4 ? q.dim(3) : q.dim(2) / Math.max(1, heads);
    long valueDepth = v.rank() == 4 ? v.dim(3) : v.dim(2) / Math.max(1, kvHeads);
    long scores = Sizes.product(q.dim(0), heads, queries, keys);
    boolean masks =
        in.has(3)
            || in.has(6)
            || in.attributes().flag("is_causal", false)
            || in.attributes().integer("left_window_size", -1) >= 0
            || in.attributes().integer("right_window_size", -1) >= 0;
    boolean caps = in.attributes().number("softcap", 0) != 0;
    return new Work(
        Sizes.multiply(scores, Sizes.add(depth, valueDepth)),
        Sizes.multiply(scores, 6 + (masks ? 1 : 0) + (caps ? 3 : 0)));
  }

  private static Work rotary(Operands in) {
    Shape x = in.shape(0);
    long part = in.attributes().integer("rotary_embedding_dim", 0);
    long heads = x.rank() == 4 ? x.dim(1) : Math.max(1, in.attributes().integer("num_heads", 1));
    long depth = x.rank() == 4 ? x.dim(3) : x.dim(-1) / heads;
    long all = x.elements();
    long rotated = part == 0 || depth == 0 ? all : Sizes.multiply(all / depth, part);
    return Work.flops(Sizes.multiply(3, rotated));
  }

  private static Work determinant(Operands in) {
    long n = in.shape(0).dim(-1);
    long matrices = in.output(0).elements();
    return Work.flops(Sizes.multiply(matrices, Sizes.product(2, n, n, n) / 3));
  }
}
