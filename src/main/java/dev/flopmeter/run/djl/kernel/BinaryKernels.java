package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import com.google.errorprone.annotations.CompileTimeConstant;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.run.djl.kernel.Expression.Call;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Element-wise functions of several tensors, with broadcasting. */
final class BinaryKernels {
  /** Operators and their names in PyTorch. */
  private static final String PLAIN =
      "Add:add Sub:sub Mul:mul And:logical_and Or:logical_or Xor:logical_xor "
          + "BitwiseAnd:bitwise_and BitwiseOr:bitwise_or BitwiseXor:bitwise_xor Equal:eq "
          + "Greater:gt GreaterOrEqual:ge Less:lt LessOrEqual:le";

  private BinaryKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    for (String pair : PLAIN.split(" ", -1)) {
      String[] names = pair.split(":", -1);
      rules.put(names[0], in -> Kernel.of(new Call(names[1], List.of(input(0), second(in)))));
    }
    rules.put("Div", BinaryKernels::div);
    rules.put("Pow", BinaryKernels::pow);
    rules.put("Mod", in -> both(in.attributes().flag("fmod", false) ? "fmod" : "remainder"));
    rules.put("BitShift", in -> both("bitwise_" + (isLeft(in) ? "left" : "right") + "_shift"));
    rules.put("PRelu", BinaryKernels::prelu);
    rules.put("Max", in -> Kernel.of(joined(in, "maximum")));
    rules.put("Min", in -> Kernel.of(joined(in, "minimum")));
    rules.put("Sum", in -> Kernel.of(joined(in, "add")));
    rules.put("Where", in -> Kernel.of(call("where", input(0), input(1), input(2))));
  }

  /** The second operand; before opset 7 its axes begin at {@code axis}. */
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
    return input(1).reshaped(dims);
  }

  private static Kernel div(Operands in) {
    return Kernel.of(
        in.type(0).type().isFloat()
            ? input(0).over(second(in))
            : call("div", input(0), second(in), named("rounding_mode", word("trunc"))));
  }

  /** The result has the type of the base, which may differ from the exponent's. */
  private static Kernel pow(Operands in) {
    DataType type = in.type(0).type();
    Optional<Double> known =
        type.isFloat() && in.output(0).shape().equals(in.shape(0))
            ? Activation.bound(in, "", 1)
            : Optional.empty();
    // PyTorch computes squares and cubes as such only where the exponent is a number.
    Expression power = call("pow", input(0), known.<Object>map(it -> it).orElse(second(in)));
    return Kernel.of(type == in.type(1).type() ? power : power.to(Kernels.code(in, type)));
  }

  private static boolean isLeft(Operands in) {
    return in.attributes().text("direction").equals("LEFT");
  }

  private static Kernel both(String function) {
    return Kernel.of(new Call(function, List.of(input(0), input(1))));
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
      factor = factor.alongAxis(shape.rank() - 1, 0);
    }
    Expression x = input(0);
    return Kernel.of(call("where", call("lt", x, 0), x.times(factor), x));
  }

  private static Expression joined(Operands in, @CompileTimeConstant final String function) {
    Expression result = input(0);
    for (int i = 1; i < in.inputCount(); i++) {
      result = call(function, result, input(i));
    }
    return result;
  }
}
