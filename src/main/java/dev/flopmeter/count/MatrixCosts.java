package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.shape.EinsumEquation;

/** Matrix products, contractions and Fourier transforms. */
final class MatrixCosts {
  private MatrixCosts() {}

  static void addTo(CostTable table) {
    table.add(
        "MatMul",
        "MACs out x the inner dimension, leading axes broadcast",
        in -> Work.macs(product(in, 0)));
    table.add("MatMulInteger", "MACs out x the inner dimension", in -> Work.macs(product(in, 0)));
    table.add(
        "QLinearMatMul",
        "MACs out x the inner dimension; + 2 x out to requantise",
        in -> new Work(product(in, 0), PerElement.ofOutput(in, 2)));
    table.add(
        "Gemm",
        "MACs M x N x K; + out for the addend, + out where alpha, + addend where beta is not 1",
        MatrixCosts::gemm);
    table.add(
        "Einsum",
        "operands joined two by two from the left: MACs the product of all indices met, or one"
            + " FLOP each where none is summed over; for one operand the product of its"
            + " indices, each once, - out",
        MatrixCosts::einsum);
    table.add(
        "Det", "2/3 n^3 per matrix, by LU decomposition, rounded down", MatrixCosts::determinant);
    table.flops(
        "com.microsoft:Inverse",
        "2 n^3 per matrix, by LU decomposition",
        in -> Sizes.product(2, in.type(0).elements(), in.shape(0).dim(-1)));
    table.add("DFT", "5 n log2(n) per transform of n values", MatrixCosts::transform);
    table.add(
        "STFT",
        "5 n log2(n) + n per frame of n values: the transform and the window",
        MatrixCosts::shortTime);
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

  private static Work transform(Operands in) {
    Shape shape = in.output(0).shape();
    long axis =
        in.opset() >= 20
            ? in.value(2).map(value -> value.longAt(0)).orElse(-2L)
            : in.attributes().integer("axis", 1);
    long length = Math.max(in.shape(0).dim(in.shape(0).axis(axis)), shape.dim(shape.axis(axis)));
    long complex = Math.max(1, shape.dim(-1));
    long transforms = shape.elements() / complex / Math.max(1, shape.dim(shape.axis(axis)));
    return Work.flops(Sizes.multiply(transforms, fast(length)));
  }

  private static Work shortTime(Operands in) {
    Shape shape = in.output(0).shape();
    long frame = in.has(2) ? in.shape(2).elements() : in.requireValue(3).longAt(0);
    long frames = Sizes.multiply(shape.dim(0), shape.dim(1));
    return Work.flops(Sizes.multiply(frames, Sizes.add(fast(frame), frame)));
  }

  /** A fast Fourier transform, by the usual count: n log2(n) rounded up. */
  private static long fast(long n) {
    int log = n < 2 ? 0 : 64 - Long.numberOfLeadingZeros(n - 1);
    return Sizes.product(5, n, log);
  }
}
