package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import com.google.errorprone.annotations.CompileTimeConstant;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.Map;

/** Functions of several elements at the same place, with broadcasting. */
final class BinaryKernels {
  private BinaryKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Add", plain("add"));
    rules.put("Sub", plain("sub"));
    rules.put("Mul", plain("mul"));
    rules.put("And", plain("logical_and"));
    rules.put("Or", plain("logical_or"));
    rules.put("Xor", plain("logical_xor"));
    rules.put("BitwiseAnd", plain("bitwise_and"));
    rules.put("BitwiseOr", plain("bitwise_or"));
    rules.put("BitwiseXor", plain("bitwise_xor"));
    rules.put("Equal", plain("eq"));
    rules.put("Greater", plain("gt"));
    rules.put("GreaterOrEqual", plain("ge"));
    rules.put("Less", plain("lt"));
    rules.put("LessOrEqual", plain("le"));
    rules.put("Div", BinaryKernels::div);
    rules.put("Pow", BinaryKernels::pow);
    rules.put("Mod", BinaryKernels::mod);
    rules.put("BitShift", BinaryKernels::bitShift);
    rules.put("PRelu", BinaryKernels::prelu);
    rules.put("Max", in -> Kernel.of(joined(in, "maximum")));
    rules.put("Min", in -> Kernel.of(joined(in, "minimum")));
    rules.put("Sum", in -> Kernel.of(joined(in, "add")));
    rules.put("Mean", in -> Kernel.of(call("div", joined(in, "add"), in.inputCount())));
    rules.put("Where", in -> Kernel.of(call("where", input(0), input(1), input(2))));
  }

  private static KernelRule plain(@CompileTimeConstant final String function) {
    return in -> Kernel.of(call(function, input(0), second(in)));
  }

  /** The second operand; before opset 7 its axes stand at {@code axis}, not at the end. */
  private static Expression second(Operands in) {
    if (in.opset() >= 7 || !in.attributes().has("axis")) {
      return input(1);
    }
    Shape first = in.shape(0);
    Shape second = in.shape(1);
    int axis = first.axis(in.attributes().integer("axis"));
    long[] dims = new long[Math.max(second.rank(), first.rank() - axis)];
    Arrays.fill(dims, 1);
    System.arraycopy(second.dims(), 0, dims, 0, second.rank());
    return call("reshape", input(1), dims);
  }

  private static Kernel div(Operands in) {
    return Kernel.of(
        in.type(0).type().isFloat()
            ? call("div", input(0), second(in))
            : call("div", input(0), second(in), named("rounding_mode", word("trunc"))));
  }

  /** The result has the base's type, whatever the exponent's. */
  private static Kernel pow(Operands in) {
    DataType type = in.type(0).type();
    Expression power = call("pow", input(0), second(in));
    return Kernel.of(type == in.type(1).type() ? power : call("to", power, Kernels.code(in, type)));
  }

  private static Kernel mod(Operands in) {
    return Kernel.of(
        in.attributes().flag("fmod", false)
            ? call("fmod", input(0), input(1))
            : call("remainder", input(0), input(1)));
  }

  private static Kernel bitShift(Operands in) {
    return Kernel.of(
        in.attributes().text("direction").equals("LEFT")
            ? call("bitwise_left_shift", input(0), input(1))
            : call("bitwise_right_shift", input(0), input(1)));
  }

  /** The slope broadcasts to the input; before opset 7 a vector is one slope a channel. */
  private static Kernel prelu(Operands in) {
    Shape shape = in.shape(0);
    Shape slope = in.shape(1);
    Expression factor = input(1);
    if (slope.rank() == 1
        && shape.rank() > 2
        && slope.dim(0) == shape.dim(1)
        && (in.opset() < 7 || slope.dim(0) != shape.dim(-1))) {
      factor = LayoutKernels.alongAxis(factor, shape.rank() - 1, 0);
    }
    Expression x = input(0);
    return Kernel.of(call("where", call("lt", x, 0), call("mul", x, factor), x));
  }

  private static Expression joined(Operands in, @CompileTimeConstant final String function) {
    Expression result = input(0);
    for (int i = 1; i < in.inputCount(); i++) {
      result = call(function, result, input(i));
    }
    return result;
  }
}
