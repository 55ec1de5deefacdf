package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import java.util.List;
import java.util.Map;

/**
 * Operators on each element alone. One arithmetic operation, comparison or elementary function
 * (exp, log, sqrt, tanh, erf, ...) is one FLOP for every element type.
 */
final class ElementwiseCosts {
  private ElementwiseCosts() {}

  private static final List<String> ONE_OPERATION =
      List.of(
          "Abs",
          "Acos",
          "Acosh",
          "Add",
          "Asin",
          "Asinh",
          "Atan",
          "Atanh",
          "Ceil",
          "Cos",
          "Cosh",
          "Div",
          "Equal",
          "Erf",
          "Exp",
          "Floor",
          "Greater",
          "GreaterOrEqual",
          "Less",
          "LessOrEqual",
          "Log",
          "Mod",
          "Mul",
          "Neg",
          "Pow",
          "Reciprocal",
          "Relu",
          "Round",
          "Sign",
          "Sin",
          "Sinh",
          "Sqrt",
          "Sub",
          "Tan",
          "Tanh",
          "ThresholdedRelu");

  static void addTo(Map<String, CostRule> rules) {
    CostRule one = PerElement.ofOutput(1, "one operation");
    for (String op : ONE_OPERATION) {
      rules.put(op, one);
    }
    rules.put("LeakyRelu", PerElement.ofOutput(2, "compare, multiply"));
    rules.put("PRelu", PerElement.ofOutput(2, "compare, multiply"));
    rules.put("Clip", PerElement.ofOutput(2, "two comparisons"));
    rules.put("Shrink", PerElement.ofOutput(2, "compare, add"));
    rules.put("Softsign", PerElement.ofOutput(3, "abs, add, divide"));
    rules.put("Softplus", PerElement.ofOutput(3, "exp, add, log"));
    rules.put("Sigmoid", PerElement.ofOutput(4, "negate, exp, add, divide"));
    rules.put("HardSigmoid", PerElement.ofOutput(4, "multiply, add, two comparisons"));
    rules.put("Elu", PerElement.ofOutput(4, "compare, exp, subtract, multiply"));
    rules.put("Selu", PerElement.ofOutput(5, "compare, exp, two multiplies, subtract"));
    rules.put("Celu", PerElement.ofOutput(5, "compare, divide, exp, subtract, multiply"));
    rules.put("HardSwish", PerElement.ofOutput(5, "HardSigmoid, multiply"));
    rules.put("Swish", PerElement.ofOutput(5, "Sigmoid, multiply"));
    rules.put("SwiGLU", PerElement.ofOutput(6, "Swish, multiply"));
    rules.put("Mish", PerElement.ofOutput(5, "Softplus, tanh, multiply"));
    rules.put("Gelu", gelu());
    CostRule variadic =
        CostRule.described(
            "(inputs - 1) x out: one operation to join each further input",
            in -> Work.flops(Sizes.multiply(in.inputCount() - 1L, in.output(0).elements())));
    rules.put("Max", variadic);
    rules.put("Min", variadic);
    rules.put("Sum", variadic);
    rules.put(
        "Mean",
        CostRule.described(
            "inputs x out: the additions and a division",
            in -> Work.flops(Sizes.multiply(in.inputCount(), in.output(0).elements()))));
    rules.put("QuantizeLinear", PerElement.ofOutput(3, "divide, round, add"));
    rules.put("DequantizeLinear", PerElement.ofOutput(2, "subtract, multiply"));
    rules.put(
        "DynamicQuantizeLinear",
        PerElement.ofInput(5, "minimum, maximum, then divide, round, add"));
  }

  /** With the error function: x/2 (1 + erf(x / sqrt 2)); by tanh: two more powers and sums. */
  private static CostRule gelu() {
    return CostRule.described(
        "5 x out (divide, erf, add, two multiplies); 9 x out where approximate is tanh",
        in -> Work.flops(Sizes.multiply(isTanh(in) ? 9 : 5, in.output(0).elements())));
  }

  private static boolean isTanh(Operands in) {
    return in.attributes().text("approximate", "none").equals("tanh");
  }
}
