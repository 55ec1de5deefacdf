package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import java.util.Map;

/** Matrix products. */
final class MatrixKernels {
  private MatrixKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("MatMul", in -> Kernel.of("torch.matmul(x0, x1)"));
    rules.put("Gemm", in -> Kernel.of(gemm(in)));
    rules.put("MatMulInteger", MatrixKernels::matMulInteger);
    rules.put("Einsum", MatrixKernels::einsum);
    rules.put("Det", in -> Kernel.of("torch.det(x0)"));
  }

  static String gemm(Operands in) {
    Attributes attributes = in.attributes();
    DataType type = in.type(0).type();
    String a = attributes.flag("transA", false) ? "torch.t(x0)" : "x0";
    String b = attributes.flag("transB", false) ? "torch.t(x1)" : "x1";
    double alpha = attributes.number("alpha", 1);
    double beta = attributes.number("beta", 1);
    if (!in.has(2) || beta == 0) {
      String product = "torch.mm(" + a + ", " + b + ")";
      return alpha == 1 ? product : "torch.mul(" + product + ", " + number(type, alpha) + ")";
    }
    return "torch.addmm(x2, "
        + a
        + ", "
        + b
        + ", beta="
        + number(type, beta)
        + ", alpha="
        + number(type, alpha)
        + ")";
  }

  /** Products of 8-bit integers fit float64 exactly. */
  private static Kernel matMulInteger(Operands in) {
    return Kernel.of(
        "torch.to(torch.matmul("
            + less(in, 0, 2)
            + ", "
            + less(in, 1, 3)
            + "), "
            + TorchTypes.INT32
            + ")");
  }

  /** A zero point of the first matrix is one a row, of the second one a column. */
  private static String less(Operands in, int index, int zeroPoint) {
    String value = "torch.to(x" + index + ", " + TorchTypes.DOUBLE + ")";
    if (!in.has(zeroPoint)) {
      return value;
    }
    String zero = "torch.to(x" + zeroPoint + ", " + TorchTypes.DOUBLE + ")";
    if (index == 0 && in.shape(zeroPoint).rank() == 1 && in.shape(zeroPoint).elements() > 1) {
      zero = "torch.unsqueeze(" + zero + ", -1)";
    }
    return "torch.sub(" + value + ", " + zero + ")";
  }

  private static Kernel einsum(Operands in) {
    String equation = in.attributes().text("equation").replace(" ", "");
    if (!equation.matches("[A-Za-z.,>-]*")) {
      throw Kernels.unsupported(in, "the equation '" + equation + "'");
    }
    return Kernel.of("torch.einsum(\"" + equation + "\", " + Text.inputs(0, in.inputCount()) + ")");
  }
}
