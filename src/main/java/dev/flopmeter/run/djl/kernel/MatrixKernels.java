package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.inputs;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.number;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.shape.EinsumEquation;
import java.util.Map;

/** Matrix products. */
final class MatrixKernels {
  private MatrixKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("MatMul", in -> Kernel.of(input(0).product(input(1))));
    rules.put("Gemm", in -> Kernel.of(gemm(in)));
    rules.put("Einsum", MatrixKernels::einsum);
    rules.put("Det", in -> Kernel.of(call("det", input(0))));
    rules.put("com.microsoft:Inverse", in -> Kernel.of(call("inverse", input(0))));
  }

  static Expression gemm(Operands in) {
    Attributes attributes = in.attributes();
    DataType type = in.type(0).type();
    Expression a = attributes.flag("transA", false) ? call("t", input(0)) : input(0);
    Expression b = attributes.flag("transB", false) ? call("t", input(1)) : input(1);
    Expression alpha = number(type, attributes.number("alpha", 1));
    double beta = attributes.number("beta", 1);
    if (in.has(2) && beta != 0) {
      return call(
          "addmm", input(2), a, b, named("beta", number(type, beta)), named("alpha", alpha));
    }
    Expression product = call("mm", a, b);
    return attributes.number("alpha", 1) == 1 ? product : product.times(alpha);
  }

  private static Kernel einsum(Operands in) {
    EinsumEquation equation = EinsumEquation.of(in);
    if (equation.sizes().size() > Expression.LETTERS) {
      throw Kernels.unsupported(in, "more than " + Expression.LETTERS + " indices");
    }
    return Kernel.of(
        call(
            "einsum",
            Expression.equation(equation.operands(), equation.output()),
            inputs(0, in.inputCount())));
  }
}
