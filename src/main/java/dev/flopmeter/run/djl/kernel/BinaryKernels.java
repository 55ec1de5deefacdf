package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.Map;

/** Functions of several elements at the same place, with broadcasting. */
final class BinaryKernels {
  private BinaryKernels() {}

  private static final Map<String, String> PLAIN =
      Map.ofEntries(
          Map.entry("Add", "add"),
          Map.entry("Sub", "sub"),
          Map.entry("Mul", "mul"),
          Map.entry("And", "logical_and"),
          Map.entry("Or", "logical_or"),
          Map.entry("Xor", "logical_xor"),
          Map.entry("BitwiseAnd", "bitwise_and"),
          Map.entry("BitwiseOr", "bitwise_or"),
          Map.entry("BitwiseXor", "bitwise_xor"),
          Map.entry("Equal", "eq"),
          Map.entry("Greater", "gt"),
          Map.entry("GreaterOrEqual", "ge"),
          Map.entry("Less", "lt"),
          Map.entry("LessOrEqual", "le"));

  static void addTo(Map<String, KernelRule> rules) {
    PLAIN.forEach(
        (op, function) ->
            rules.put(op, in -> Kernel.of("torch." + function + "(x0, " + second(in) + ")")));
    rules.put("Div", BinaryKernels::div);
    rules.put("Pow", BinaryKernels::pow);
    rules.put("Mod", BinaryKernels::mod);
    rules.put("BitShift", BinaryKernels::bitShift);
    rules.put("PRelu", BinaryKernels::prelu);
    rules.put("Max", in -> chain(in, "maximum"));
    rules.put("Min", in -> chain(in, "minimum"));
    rules.put("Sum", in -> chain(in, "add"));
    rules.put(
        "Mean", in -> Kernel.of("torch.div(" + joined(in, "add") + ", " + in.inputCount() + ")"));
    rules.put("Where", in -> Kernel.of("torch.where(x0, x1, x2)"));
  }

  /** The second operand; before opset 7 its axes stand at {@code axis}, not at the end. */
  private static String second(Operands in) {
    if (in.opset() >= 7 || !in.attributes().has("axis")) {
      return "x1";
    }
    Shape first = in.shape(0);
    Shape second = in.shape(1);
    int axis = first.axis(in.attributes().integer("axis"));
    long[] dims = new long[Math.max(second.rank(), first.rank() - axis)];
    Arrays.fill(dims, 1);
    System.arraycopy(second.dims(), 0, dims, 0, second.rank());
    return "torch.reshape(x1, " + Text.ints(dims) + ")";
  }

  private static Kernel div(Operands in) {
    String rounding = in.type(0).type().isFloat() ? "" : ", rounding_mode=\"trunc\"";
    return Kernel.of("torch.div(x0, " + second(in) + rounding + ")");
  }

  /** The result has the base's type, whatever the exponent's. */
  private static Kernel pow(Operands in) {
    DataType type = in.type(0).type();
    String power = "torch.pow(x0, " + second(in) + ")";
    return Kernel.of(
        type == in.type(1).type()
            ? power
            : "torch.to(" + power + ", " + Kernels.code(in, type) + ")");
  }

  private static Kernel mod(Operands in) {
    String function = in.attributes().flag("fmod", false) ? "fmod" : "remainder";
    return Kernel.of("torch." + function + "(x0, x1)");
  }

  private static Kernel bitShift(Operands in) {
    boolean left = in.attributes().text("direction").equals("LEFT");
    return Kernel.of("torch.bitwise_" + (left ? "left" : "right") + "_shift(x0, x1)");
  }

  /** The slope broadcasts to the input; before opset 7 a vector is one slope a channel. */
  private static Kernel prelu(Operands in) {
    Shape shape = in.shape(0);
    Shape slope = in.shape(1);
    String factor = "x1";
    if (slope.rank() == 1
        && shape.rank() > 2
        && slope.dim(0) == shape.dim(1)
        && (in.opset() < 7 || slope.dim(0) != shape.dim(-1))) {
      long[] dims = new long[shape.rank() - 1];
      Arrays.fill(dims, 1);
      dims[0] = slope.dim(0);
      factor = "torch.reshape(x1, " + Text.ints(dims) + ")";
    }
    return Kernel.of("torch.where(torch.lt(x0, 0), torch.mul(x0, " + factor + "), x0)");
  }

  private static Kernel chain(Operands in, String function) {
    return Kernel.of(joined(in, function));
  }

  private static String joined(Operands in, String function) {
    String result = "x0";
    for (int i = 1; i < in.inputCount(); i++) {
      result = "torch." + function + "(" + result + ", x" + i + ")";
    }
    return result;
  }
}
