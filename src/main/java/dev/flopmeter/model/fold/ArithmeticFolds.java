package dev.flopmeter.model.fold;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** Element-wise arithmetic with broadcasting, on integers exactly and on floats in double. */
final class ArithmeticFolds {
  private ArithmeticFolds() {}

  static void addTo(Map<String, FoldRule> rules) {
    rules.put("Add", binary(Math::addExact, Double::sum));
    rules.put("Sub", binary(Math::subtractExact, (a, b) -> a - b));
    rules.put("Mul", binary(Math::multiplyExact, (a, b) -> a * b));
    rules.put("Div", binary(ArithmeticFolds::divide, (a, b) -> a / b));
    rules.put("Pow", binary(ArithmeticFolds::power, Math::pow));
    rules.put("Mod", ArithmeticFolds::modulo);
    rules.put("Xor", binary((a, b) -> a ^ b, (a, b) -> (a != 0) != (b != 0) ? 1 : 0));
    rules.put("Max", variadic(Math::max, Math::max));
    rules.put("Min", variadic(Math::min, Math::min));
    rules.put("Sum", variadic(Math::addExact, Double::sum));
    rules.put("Equal", binary((a, b) -> a == b ? 1 : 0, (a, b) -> a == b ? 1 : 0));
    rules.put("Greater", binary((a, b) -> a > b ? 1 : 0, (a, b) -> a > b ? 1 : 0));
    rules.put("GreaterOrEqual", binary((a, b) -> a >= b ? 1 : 0, (a, b) -> a >= b ? 1 : 0));
    rules.put("Less", binary((a, b) -> a < b ? 1 : 0, (a, b) -> a < b ? 1 : 0));
    rules.put("LessOrEqual", binary((a, b) -> a <= b ? 1 : 0, (a, b) -> a <= b ? 1 : 0));
    rules.put("And", binary((a, b) -> a & b, (a, b) -> a != 0 && b != 0 ? 1 : 0));
    rules.put("Or", binary((a, b) -> a | b, (a, b) -> a != 0 || b != 0 ? 1 : 0));
    rules.put("Neg", unary(value -> -value, value -> -value));
    rules.put("Abs", unary(Math::abs, Math::abs));
    rules.put("Sqrt", unary(Math::sqrt));
    rules.put("Exp", unary(Math::exp));
    rules.put("Log", unary(Math::log));
    rules.put("Reciprocal", unary(value -> 1 / value));
    rules.put("Ceil", unary(Math::ceil));
    rules.put("Floor", unary(Math::floor));
    rules.put("Round", unary(Math::rint));
    rules.put("Sign", unary(Long::signum, Math::signum));
    rules.put("Clip", ArithmeticFolds::clip);
    rules.put("Not", unary(value -> value == 0 ? 1 : 0));
    rules.put("Cast", ArithmeticFolds::cast);
    rules.put("Where", ArithmeticFolds::where);
    rules.put("Range", ArithmeticFolds::range);
  }

  private static long divide(long a, long b) {
    if (b == 0) {
      throw new ModelException("division of the constant " + a + " by 0");
    }
    return b == -1 ? Math.negateExact(a) : a / b;
  }

  /** {@code a^b} by squaring; a negative exponent gives what truncation leaves of a fraction. */
  private static long power(long a, long b) {
    if (b < 0) {
      return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
    }
    long result = 1;
    long square = a;
    for (long rest = b; rest > 0; rest >>= 1) {
      if ((rest & 1) == 1) {
        result = Math.multiplyExact(result, square);
      }
      if (rest > 1) {
        square = Math.multiplyExact(square, square);
      }
    }
    return result;
  }

  /** Python's remainder, or C's where {@code fmod} is set. */
  private static Optional<List<Tensor>> modulo(Operands in, List<TensorType> outputs) {
    boolean isC = in.attributes().flag("fmod", false);
    return binary(
            (a, b) -> isC ? remainder(a, b) : Math.floorMod(nonZero(a, b), b), (a, b) -> a % b)
        .fold(in, outputs);
  }

  private static long remainder(long a, long b) {
    return nonZero(a, b) % b;
  }

  private static long nonZero(long a, long b) {
    if (b == 0) {
      throw new ModelException("division of the constant " + a + " by 0");
    }
    return a;
  }

  private static FoldRule binary(LongBinaryOperator onLongs, DoubleBinaryOperator onDoubles) {
    FoldRule joined = variadic(onLongs, onDoubles);
    return (in, outputs) -> in.inputCount() == 2 ? joined.fold(in, outputs) : Optional.empty();
  }

  /** Joins all inputs, from the left; before opset 7 broadcasting had other rules. */
  private static FoldRule variadic(LongBinaryOperator onLongs, DoubleBinaryOperator onDoubles) {
    return (in, outputs) -> {
      if (!Folder.allKnown(in, outputs) || in.inputCount() == 0 || in.opset() < 7) {
        return Optional.empty();
      }
      if (in.givenTypes().stream().anyMatch(ArithmeticFolds::isText)) {
        return Optional.empty();
      }
      if (in.inputCount() == 1) {
        return Optional.of(List.of(in.requireValue(0)));
      }
      TensorType type = outputs.get(0);
      Tensor joined = in.requireValue(0);
      for (int i = 1; i < in.inputCount(); i++) {
        joined = join(joined, in.requireValue(i), type, onLongs, onDoubles);
      }
      return Optional.of(List.of(joined));
    };
  }

  private static Tensor join(
      Tensor a,
      Tensor b,
      TensorType type,
      LongBinaryOperator onLongs,
      DoubleBinaryOperator onDoubles) {
    ByteBuffer data = Elements.allocate(type);
    Broadcast fromA = Broadcast.of(a.shape(), type.shape());
    Broadcast fromB = Broadcast.of(b.shape(), type.shape());
    boolean exact = !a.type().type().isFloat() && !b.type().type().isFloat();
    for (int i = 0; i < type.elements(); i++) {
      long at = fromA.index(i);
      long bt = fromB.index(i);
      if (exact) {
        Elements.putLong(data, type.type(), i, exactly(onLongs, a.longAt(at), b.longAt(bt)));
      } else {
        Elements.putDouble(
            data, type.type(), i, onDoubles.applyAsDouble(a.doubleAt(at), b.doubleAt(bt)));
      }
    }
    return DenseTensor.of(type, data);
  }

  private static Optional<List<Tensor>> clip(Operands in, List<TensorType> outputs) {
    if (!Folder.allKnown(in, outputs)) {
      return Optional.empty();
    }
    Optional<Tensor> low = in.value(1);
    Optional<Tensor> high = in.value(2);
    if (!in.type(0).type().isFloat()) {
      long least = low.map(bound -> bound.longAt(0)).orElse(Long.MIN_VALUE);
      long most = high.map(bound -> bound.longAt(0)).orElse(Long.MAX_VALUE);
      return unary(value -> Math.min(most, Math.max(least, value)), value -> value)
          .fold(in, outputs);
    }
    double least =
        low.map(bound -> bound.doubleAt(0))
            .orElse((double) in.attributes().number("min", Float.NEGATIVE_INFINITY));
    double most =
        high.map(bound -> bound.doubleAt(0))
            .orElse((double) in.attributes().number("max", Float.POSITIVE_INFINITY));
    return unary(value -> value, value -> Math.min(most, Math.max(least, value))).fold(in, outputs);
  }

  private static long exactly(LongBinaryOperator operator, long a, long b) {
    try {
      return operator.applyAsLong(a, b);
    } catch (ArithmeticException e) {
      throw new ModelException("constant arithmetic on " + a + " and " + b + " overflows", e);
    }
  }

  private static boolean isText(TensorType type) {
    return type.type() == DataType.STRING
        || type.type() == DataType.COMPLEX64
        || type.type() == DataType.COMPLEX128;
  }

  private static FoldRule unary(DoubleUnaryOperator operator) {
    return unary(value -> (long) operator.applyAsDouble((double) value), operator);
  }

  private static FoldRule unary(LongUnaryOperator onLongs, DoubleUnaryOperator onDoubles) {
    return (in, outputs) -> {
      if (!Folder.allKnown(in, outputs) || isText(in.type(0))) {
        return Optional.empty();
      }
      Tensor value = in.requireValue(0);
      TensorType type = outputs.get(0);
      ByteBuffer data = Elements.allocate(type);
      for (int i = 0; i < type.elements(); i++) {
        if (type.type().isFloat()) {
          Elements.putDouble(data, type.type(), i, onDoubles.applyAsDouble(value.doubleAt(i)));
        } else {
          Elements.putLong(data, type.type(), i, onLongs.applyAsLong(value.longAt(i)));
        }
      }
      return Optional.of(List.of(DenseTensor.of(type, data)));
    };
  }

  private static Optional<List<Tensor>> cast(Operands in, List<TensorType> outputs) {
    TensorType type = outputs.get(0);
    boolean isPlain =
        in.attributes().flag("saturate", true)
            && in.attributes().text("round_mode", "up").equals("up");
    if (!Folder.allKnown(in, outputs) || isText(type) || isText(in.type(0)) || !isPlain) {
      return Optional.empty();
    }
    Tensor value = in.requireValue(0);
    boolean exact = !value.type().type().isFloat() && !type.type().isFloat();
    ByteBuffer data = Elements.allocate(type);
    for (int i = 0; i < type.elements(); i++) {
      if (exact) {
        Elements.putLong(data, type.type(), i, value.longAt(i));
      } else {
        Elements.putDouble(data, type.type(), i, value.doubleAt(i));
      }
    }
    return Optional.of(List.of(DenseTensor.of(type, data)));
  }

  private static Optional<List<Tensor>> where(Operands in, List<TensorType> outputs) {
    TensorType type = outputs.get(0);
    if (!Folder.allKnown(in, outputs) || isText(type)) {
      return Optional.empty();
    }
    Tensor condition = in.requireValue(0);
    Tensor yes = in.requireValue(1);
    Tensor no = in.requireValue(2);
    Broadcast fromCondition = Broadcast.of(condition.shape(), type.shape());
    Broadcast fromYes = Broadcast.of(yes.shape(), type.shape());
    Broadcast fromNo = Broadcast.of(no.shape(), type.shape());
    ByteBuffer data = Elements.allocate(type);
    for (int i = 0; i < type.elements(); i++) {
      boolean chosen = condition.longAt(fromCondition.index(i)) != 0;
      Tensor source = chosen ? yes : no;
      long at = chosen ? fromYes.index(i) : fromNo.index(i);
      if (type.type().isFloat()) {
        Elements.putDouble(data, type.type(), i, source.doubleAt(at));
      } else {
        Elements.putLong(data, type.type(), i, source.longAt(at));
      }
    }
    return Optional.of(List.of(DenseTensor.of(type, data)));
  }

  private static Optional<List<Tensor>> range(Operands in, List<TensorType> outputs) {
    if (!Folder.allKnown(in, outputs)) {
      return Optional.empty();
    }
    TensorType type = outputs.get(0);
    Tensor start = in.requireValue(0);
    Tensor delta = in.requireValue(2);
    ByteBuffer data = Elements.allocate(type);
    for (int i = 0; i < type.elements(); i++) {
      if (type.type().isFloat()) {
        Elements.putDouble(data, type.type(), i, start.doubleAt(0) + i * delta.doubleAt(0));
      } else {
        Elements.putLong(data, type.type(), i, start.longAt(0) + i * delta.longAt(0));
      }
    }
    return Optional.of(List.of(DenseTensor.of(type, data)));
  }
}
