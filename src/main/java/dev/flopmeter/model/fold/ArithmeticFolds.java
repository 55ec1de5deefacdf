package dev.flopmeter.model.fold;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.fold.Folder.FoldRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

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
    rules.put("Cos", unary(Math::cos));
    rules.put("Sin", unary(Math::sin));
    rules.put("Log", unary(Math::log));
    rules.put("Reciprocal", unary(value -> 1 / value));
    rules.put("Ceil", unary(Math::ceil));
    rules.put("Floor", unary(Math::floor));
    rules.put("Round", unary(Math::rint));
    rules.put("Sign", unary(Long::signum, Math::signum));
    rules.put("Clip", ArithmeticFolds::clip);
    rules.put("Not", unary(value -> value == 0 ? 1 : 0));
    rules.put("Cast", Folder.ofValues(ArithmeticFolds::cast));
    rules.put("Where", Folder.ofValues(ArithmeticFolds::where));
    rules.put("Range", Folder.ofValues(ArithmeticFolds::range));
  }

  private static long divide(long a, long b) {
    return b == -1 ? Math.negateExact(a) : nonZero(a, b) / b;
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
            (a, b) -> isC ? nonZero(a, b) % b : Math.floorMod(nonZero(a, b), b), (a, b) -> a % b)
        .fold(in, outputs);
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
    return Folder.ofValues(
        (in, type) -> {
          if (in.inputCount() == 0
              || in.opset() < 7
              || in.givenTypes().stream().anyMatch(ArithmeticFolds::isText)) {
            return null;
          }
          Tensor joined = in.requireValue(0);
          for (int i = 1; i < in.inputCount(); i++) {
            joined = join(joined, in.requireValue(i), type, onLongs, onDoubles);
          }
          return joined;
        });
  }

  private static Tensor join(
      Tensor a,
      Tensor b,
      TensorType type,
      LongBinaryOperator onLongs,
      DoubleBinaryOperator onDoubles) {
    Tensor left = Folder.broadcast(a, type.shape());
    Tensor right = Folder.broadcast(b, type.shape());
    return Folder.computed(
        type,
        !a.type().type().isFloat() && !b.type().type().isFloat(),
        i -> exactly(onLongs, left.longAt(i), right.longAt(i)),
        i -> onDoubles.applyAsDouble(left.doubleAt(i), right.doubleAt(i)));
  }

  private static Optional<List<Tensor>> clip(Operands in, List<TensorType> outputs) {
    Attributes attributes = in.attributes();
    long least = in.value(1).map(bound -> bound.longAt(0)).orElse(Long.MIN_VALUE);
    long most = in.value(2).map(bound -> bound.longAt(0)).orElse(Long.MAX_VALUE);
    double min = attributes.number("min", Float.NEGATIVE_INFINITY);
    double max = attributes.number("max", Float.POSITIVE_INFINITY);
    double lowest = in.value(1).map(bound -> bound.doubleAt(0)).orElse(min);
    double highest = in.value(2).map(bound -> bound.doubleAt(0)).orElse(max);
    return unary(
            value -> Math.min(most, Math.max(least, value)),
            value -> Math.min(highest, Math.max(lowest, value)))
        .fold(in, outputs);
  }

  static long exactly(LongBinaryOperator operator, long a, long b) {
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
    return Folder.ofValues(
        (in, type) -> {
          Tensor value = in.requireValue(0);
          return isText(value.type())
              ? null
              : Folder.computed(
                  type,
                  !type.type().isFloat(),
                  i -> onLongs.applyAsLong(value.longAt(i)),
                  i -> onDoubles.applyAsDouble(value.doubleAt(i)));
        });
  }

  private static @Nullable Tensor cast(Operands in, TensorType type) {
    Tensor value = in.requireValue(0);
    boolean isPlain =
        in.attributes().flag("saturate", true)
            && type.type() != DataType.FLOAT8E5M2 // infinity would not saturate
            && in.attributes().text("round_mode", "up").equals("up");
    boolean isExact = !value.type().type().isFloat() && !type.type().isFloat();
    return isText(type) || isText(value.type()) || !isPlain
        ? null
        : Folder.computed(type, isExact, value::longAt, value::doubleAt);
  }

  private static @Nullable Tensor where(Operands in, TensorType type) {
    if (isText(type)) {
      return null;
    }
    Tensor condition = Folder.broadcast(in.requireValue(0), type.shape());
    Tensor then = Folder.broadcast(in.requireValue(1), type.shape());
    Tensor otherwise = Folder.broadcast(in.requireValue(2), type.shape());
    IntFunction<Tensor> chosen = i -> condition.longAt(i) != 0 ? then : otherwise;
    return Folder.computed(
        type,
        !type.type().isFloat(),
        i -> chosen.apply(i).longAt(i),
        i -> chosen.apply(i).doubleAt(i));
  }

  private static Tensor range(Operands in, TensorType type) {
    Tensor start = in.requireValue(0);
    Tensor delta = in.requireValue(2);
    return Folder.computed(
        type,
        !type.type().isFloat(),
        i -> start.longAt(0) + i * delta.longAt(0),
        i -> start.doubleAt(0) + i * delta.doubleAt(0));
  }
}
