package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import java.util.Map;
import java.util.Optional;

/** Functions of single elements. */
final class UnaryKernels {
  private UnaryKernels() {}

  private static final Map<String, String> PLAIN =
      Map.ofEntries(
          Map.entry("Abs", "abs"),
          Map.entry("Acos", "acos"),
          Map.entry("Acosh", "acosh"),
          Map.entry("Asin", "asin"),
          Map.entry("Asinh", "asinh"),
          Map.entry("Atan", "atan"),
          Map.entry("Atanh", "atanh"),
          Map.entry("BitwiseNot", "bitwise_not"),
          Map.entry("Ceil", "ceil"),
          Map.entry("Cos", "cos"),
          Map.entry("Cosh", "cosh"),
          Map.entry("Erf", "erf"),
          Map.entry("Exp", "exp"),
          Map.entry("Floor", "floor"),
          Map.entry("HardSwish", "hardswish"),
          Map.entry("IsNaN", "isnan"),
          Map.entry("Log", "log"),
          Map.entry("Mish", "mish"),
          Map.entry("Neg", "neg"),
          Map.entry("Not", "logical_not"),
          Map.entry("Reciprocal", "reciprocal"),
          Map.entry("Relu", "relu"),
          Map.entry("Round", "round"),
          Map.entry("Sigmoid", "sigmoid"),
          Map.entry("Sign", "sign"),
          Map.entry("Sin", "sin"),
          Map.entry("Sinh", "sinh"),
          Map.entry("Softplus", "softplus"),
          Map.entry("Sqrt", "sqrt"),
          Map.entry("Tan", "tan"),
          Map.entry("Tanh", "tanh"));

  static void addTo(Map<String, KernelRule> rules) {
    PLAIN.forEach((op, function) -> rules.put(op, in -> Kernel.of("torch." + function + "(x0)")));
    rules.put("Identity", in -> Kernel.of("x0"));
    rules.put("Optional", in -> Kernel.of("x0"));
    rules.put("OptionalGetElement", in -> Kernel.of("x0"));
    rules.put(
        "OptionalHasElement",
        in ->
            Kernel.of(
                "torch.full(annotate(List[int], []), " + (in.has(0) ? 1 : 0) + ", dtype=11)"));
    rules.put("Softsign", in -> Kernel.of("torch.div(x0, torch.add(torch.abs(x0), 1))"));
    rules.put("Elu", in -> Kernel.of("torch.elu(x0, " + alpha(in, 1) + ")"));
    rules.put("Celu", in -> Kernel.of("torch.celu(x0, " + alpha(in, 1) + ")"));
    rules.put("Selu", UnaryKernels::selu);
    rules.put("LeakyRelu", in -> Kernel.of("torch.leaky_relu(x0, " + alpha(in, 0.01f) + ")"));
    rules.put("ThresholdedRelu", in -> Kernel.of("torch.threshold(x0, " + alpha(in, 1) + ", 0)"));
    rules.put("HardSigmoid", UnaryKernels::hardSigmoid);
    rules.put(
        "Gelu",
        in ->
            gelu(
                approximation(in.node())
                    .orElseThrow(
                        () ->
                            Kernels.unsupported(
                                in, "approximate must be 'none' or 'tanh', see ONNX's Gelu"))));
    rules.put(
        "Swish",
        in -> Kernel.of("torch.mul(x0, torch.sigmoid(torch.mul(x0, " + alpha(in, 1) + ")))"));
    rules.put(
        "SwiGLU",
        in ->
            Kernel.of(
                "torch.mul(torch.mul(x0, torch.sigmoid(torch.mul(x0, "
                    + alpha(in, 1)
                    + "))), x1)"));
    rules.put("Shrink", UnaryKernels::shrink);
    rules.put("IsInf", UnaryKernels::isInf);
    rules.put("Clip", UnaryKernels::clip);
    rules.put("Dropout", UnaryKernels::dropout);
    rules.put("com.microsoft:Gelu", in -> gelu("none"));
    rules.put("com.microsoft:BiasGelu", in -> Kernel.of("torch.gelu(torch.add(x0, x1))"));
    rules.put("com.microsoft:FastGelu", UnaryKernels::fastGelu);
    rules.put(
        "com.microsoft:QuickGelu",
        in -> Kernel.of("torch.mul(x0, torch.sigmoid(torch.mul(x0, " + alpha(in, 1.702f) + ")))"));
  }

  private static String alpha(Operands in, float absent) {
    return number(in.attributes().number("alpha", absent));
  }

  private static Kernel selu(Operands in) {
    Attributes attributes = in.attributes();
    return Kernel.of(
        "torch.elu(x0, "
            + number(attributes.number("alpha", 1.6732632f))
            + ", "
            + number(attributes.number("gamma", 1.050701f))
            + ")");
  }

  private static Kernel hardSigmoid(Operands in) {
    String beta = number(in.attributes().number("beta", 0.5f));
    return Kernel.of(
        "torch.clamp(torch.add(torch.mul(x0, " + alpha(in, 0.2f) + "), " + beta + "), 0, 1)");
  }

  /** The approximation a Gelu asks for, if it is one that ONNX defines: nothing else is copied. */
  static Optional<String> approximation(Node gelu) {
    return switch (gelu.attributes().text("approximate", "none")) {
      case "none" -> Optional.of("none");
      case "tanh" -> Optional.of("tanh");
      default -> Optional.empty();
    };
  }

  private static Kernel gelu(String approximate) {
    return Kernel.of("torch.gelu(x0, approximate=\"" + approximate + "\")");
  }

  private static Kernel fastGelu(Operands in) {
    String x = in.has(1) ? "torch.add(x0, x1)" : "x0";
    return Kernel.of("torch.gelu(" + x + ", approximate=\"tanh\")");
  }

  private static Kernel shrink(Operands in) {
    String bound = number(in.attributes().number("lambd", 0.5f));
    String bias = number(in.attributes().number("bias", 0));
    DataType type = in.type(0).type();
    String zero = "torch.zeros_like(x0)";
    String inner =
        "torch.where(torch.gt(x0, " + bound + "), torch.sub(x0, " + bias + "), " + zero + ")";
    String result =
        "torch.where(torch.lt(x0, -" + bound + "), torch.add(x0, " + bias + "), " + inner + ")";
    return Kernel.of(
        type.isFloat() ? result : "torch.to(" + result + ", " + Kernels.code(in, type) + ")");
  }

  private static Kernel isInf(Operands in) {
    boolean negative = in.attributes().flag("detect_negative", true);
    boolean positive = in.attributes().flag("detect_positive", true);
    if (negative && positive) {
      return Kernel.of("torch.isinf(x0)");
    }
    if (!negative && !positive) {
      return Kernel.of("torch.zeros_like(x0, dtype=" + TorchTypes.BOOL + ")");
    }
    return Kernel.of(negative ? "torch.isneginf(x0)" : "torch.isposinf(x0)");
  }

  private static Kernel clip(Operands in) {
    Optional<String> low = bound(in, "min", 1);
    Optional<String> high = bound(in, "max", 2);
    String result = "x0";
    if (low.isPresent()) {
      result = low.get().startsWith("x") ? maximum(result, low.get()) : clamped(result, low.get());
    }
    if (high.isPresent()) {
      result =
          high.get().startsWith("x")
              ? "torch.minimum(" + result + ", " + high.get() + ")"
              : "torch.clamp_max(" + result + ", " + high.get() + ")";
    }
    return Kernel.of(result);
  }

  private static String maximum(String value, String low) {
    return "torch.maximum(" + value + ", " + low + ")";
  }

  private static String clamped(String value, String low) {
    return "torch.clamp_min(" + value + ", " + low + ")";
  }

  /** A literal where the bound is known, otherwise the input. */
  static Optional<String> bound(Operands in, String name, int index) {
    DataType type = in.type(0).type();
    if (in.has(index)) {
      return Optional.of(
          in.value(index)
              .filter(value -> value.elements() == 1)
              .map(value -> number(type, value.doubleAt(0)))
              .orElse("x" + index));
    }
    return in.attributes().has(name)
        ? Optional.of(number(type, in.attributes().number(name, 0)))
        : Optional.empty();
  }

  private static Kernel dropout(Operands in) {
    boolean training = in.has(2) && in.requireValue(2).longAt(0) != 0;
    double ratio = in.has(1) && training ? in.requireValue(1).doubleAt(0) : 0;
    if (training && ratio != 0) {
      throw Kernels.unsupported(in, "training mode draws random numbers");
    }
    if (!in.hasOutput(1)) {
      return Kernel.of("x0");
    }
    String mask = "torch.ones_like(x0, dtype=" + Kernels.code(in, in.output(1).type()) + ")";
    return Kernel.statements(2, "return (x0, " + mask + ")");
  }
}
