package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.number;

import dev.flopmeter.model.Operands;
import dev.flopmeter.run.djl.kernel.Expression.Call;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Element-wise functions of one tensor. */
final class UnaryKernels {
  /** Operators that PyTorch has under the same name in lower case. */
  private static final String SAME_NAME =
      "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Floor HardSwish "
          + "IsNaN Log Mish Neg Reciprocal Round Sign Sin Sinh Sqrt Tan";

  /**
   * A function of one number that may have parameters.
   *
   * @param alpha where none is given; NaN for a function without; {@code beta} likewise
   */
  record Function(float alpha, float beta, Formula formula) {}

  @FunctionalInterface
  interface Formula {
    Expression of(Expression x, float alpha, float beta);
  }

  /** The operators that recurrent layers name as functions of their gates, in any case. */
  static final Map<String, Function> GATES = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  static {
    gate("Sigmoid", Float.NaN, Float.NaN, (x, alpha, beta) -> call("sigmoid", x));
    gate("Tanh", Float.NaN, Float.NaN, (x, alpha, beta) -> call("tanh", x));
    gate("Relu", Float.NaN, Float.NaN, (x, alpha, beta) -> call("relu", x));
    gate("Softplus", Float.NaN, Float.NaN, (x, alpha, beta) -> call("softplus", x));
    gate("Softsign", Float.NaN, Float.NaN, (x, alpha, beta) -> x.over(call("abs", x).plus(1)));
    gate("Affine", 1, 0, (x, alpha, beta) -> x.times(alpha).plus(beta));
    gate("LeakyRelu", 0.01f, Float.NaN, (x, alpha, beta) -> call("leaky_relu", x, alpha));
    gate("ThresholdedRelu", 1, Float.NaN, (x, alpha, beta) -> call("threshold", x, alpha, 0));
    gate("ScaledTanh", 1, 1, (x, alpha, beta) -> call("tanh", x.times(beta)).times(alpha));
    gate(
        "HardSigmoid",
        0.2f,
        0.5f,
        (x, alpha, beta) -> call("clamp", x.times(alpha).plus(beta), 0, 1));
    gate("Elu", 1, Float.NaN, (x, alpha, beta) -> call("elu", x, alpha));
  }

  private static void gate(String op, float alpha, float beta, Formula formula) {
    GATES.put(op, new Function(alpha, beta, formula));
  }

  private UnaryKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    for (String op : SAME_NAME.split(" ", -1)) {
      Kernel kernel = Kernel.of(new Call(op.toLowerCase(Locale.ROOT), List.of(input(0))));
      rules.put(op, in -> kernel);
    }
    GATES.forEach(
        (op, function) ->
            rules.put(
                op,
                in -> {
                  float beta = in.attributes().number("beta", function.beta());
                  return Kernel.of(
                      function.formula().of(input(0), alpha(in, function.alpha()), beta));
                }));
    rules.put("BitwiseNot", in -> Kernel.of(call("bitwise_not", input(0))));
    rules.put("Not", in -> Kernel.of(call("logical_not", input(0))));
    rules.put("Identity", in -> Kernel.of(input(0)));
    rules.put("Optional", in -> Kernel.of(input(0)));
    rules.put("Celu", in -> Kernel.of(call("celu", input(0), alpha(in, 1))));
    rules.put("Selu", UnaryKernels::selu);
    rules.put("Gelu", UnaryKernels::gelu);
    rules.put("Swish", in -> Kernel.of(swish(input(0), alpha(in, 1))));
    rules.put("Shrink", UnaryKernels::shrink);
    rules.put("IsInf", UnaryKernels::isInf);
    rules.put("Clip", UnaryKernels::clip);
    rules.put("Dropout", UnaryKernels::dropout);
  }

  private static float alpha(Operands in, float absent) {
    return in.attributes().number("alpha", absent);
  }

  /** {@code x sigmoid(alpha x)}. */
  private static Expression swish(Expression x, float alpha) {
    return alpha == 1 ? call("silu", x) : x.times(call("sigmoid", x.times(alpha)));
  }

  private static Kernel selu(Operands in) {
    float gamma = in.attributes().number("gamma", 1.050701f);
    return Kernel.of(call("elu", input(0), alpha(in, 1.6732632f), gamma));
  }

  private static Kernel gelu(Operands in) {
    return Activation.of(in)
        .map(activation -> Kernel.of(activation.of(input(0))))
        .orElseThrow(
            () ->
                Kernels.unsupported(
                    in, "approximate must be 'none' or 'tanh'; correct the attribute"));
  }

  private static Kernel shrink(Operands in) {
    double bound = in.attributes().number("lambd", 0.5f);
    float bias = in.attributes().number("bias", 0);
    Expression x = input(0);
    Expression above = call("where", call("gt", x, bound), x.minus(bias), call("zeros_like", x));
    Expression result = call("where", call("lt", x, -bound), x.plus(bias), above);
    return Kernel.of(Kernels.asInput(in, result));
  }

  private static Kernel isInf(Operands in) {
    boolean negative = in.attributes().flag("detect_negative", true);
    boolean positive = in.attributes().flag("detect_positive", true);
    if (!negative && !positive) {
      return Kernel.of(call("zeros_like", input(0), dtype(ScalarTypes.BOOL)));
    }
    String function = negative ? positive ? "isinf" : "isneginf" : "isposinf";
    return Kernel.of(new Call(function, List.of(input(0))));
  }

  private static Kernel clip(Operands in) {
    Expression result = input(0);
    Optional<Expression> low = literal(in, "min", 1);
    Optional<Expression> high = literal(in, "max", 2);
    if (low.isPresent() && high.isPresent()) {
      return Kernel.of(call("clamp", result, low.get(), high.get()));
    }
    if (low.isPresent()) {
      result = call("clamp_min", result, low.get());
    } else if (in.has(1)) {
      result = call("maximum", result, input(1));
    }
    if (high.isPresent()) {
      result = call("clamp_max", result, high.get());
    } else if (in.has(2)) {
      result = call("minimum", result, input(2));
    }
    return Kernel.of(result);
  }

  private static Optional<Expression> literal(Operands in, String name, int index) {
    return Activation.bound(in, name, index).map(bound -> number(in.type(0).type(), bound));
  }

  private static Kernel dropout(Operands in) {
    boolean training = in.has(2) && in.requireValue(2).longAt(0) != 0;
    double ratio = in.has(1) && training ? in.requireValue(1).doubleAt(0) : 0;
    if (training && ratio != 0) {
      throw Kernels.unsupported(in, "training mode draws random numbers");
    }
    return in.hasOutput(1)
        ? Kernel.of(
            input(0), call("ones_like", input(0), dtype(Kernels.code(in, in.output(1).type()))))
        : Kernel.of(input(0));
  }
}
