package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.shape.EinsumEquation;
import java.util.Map;

/** Matrix products and contractions. */
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
        "Det",
        CostRule.described(
            "2/3 n^3 per matrix, by LU decomposition, rounded down", MatrixCosts::determinant));
    rules.put(
        "com.microsoft:Inverse",
        CostRule.described(
            "2 n^3 per matrix, by LU decomposition",
            in -> Work.flops(Sizes.product(2, in.type(0).elements(), in.shape(0).dim(-1)))));
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

  private static Work determinant(Operands in) {
    long n = in.shape(0).dim(-1);
    long matrices = in.output(0).elements();
    return Work.flops(Sizes.multiply(matrices, Sizes.product(2, n, n, n) / 3));
  }
}
