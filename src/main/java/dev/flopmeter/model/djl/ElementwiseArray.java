package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;

/** Arithmetic, element by element, beyond what {@link TracedCalls} holds in its tables. */
abstract class ElementwiseArray extends ShapeArray {
  ElementwiseArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  /** Both operands in the wider of their types, as PyTorch promotes: floats over integers. */
  final TracedArray binary(String op, TracedArray right) {
    DataType common = promoted(type(), right.type());
    return op(op, self().cast(common), right.cast(common));
  }

  /**
   * A plain number takes the array's type, or float32 where it has a fraction and the array not.
   */
  final TracedArray scalar(Number number) {
    boolean isWhole = number.doubleValue() == Math.rint(number.doubleValue());
    DataType type = isWhole || type().type().isFloat() ? type().type() : DataType.FLOAT;
    return tracing().scalar(number, type);
  }

  private static DataType promoted(TensorType left, TensorType right) {
    DataType a = left.type();
    DataType b = right.type();
    if (a == b) {
      return a;
    }
    if (a.isFloat() != b.isFloat()) {
      return a.isFloat() ? a : b;
    }
    if (a == DataType.BOOL || b == DataType.BOOL) {
      return a == DataType.BOOL ? b : a;
    }
    return a.bits() >= b.bits() ? a : b;
  }

  /** The quotient; that of integers is a float in DJL. */
  final TracedArray quotient(TracedArray right) {
    DataType common = promoted(type(), right.type());
    DataType quotient = common.isFloat() ? common : DataType.FLOAT;
    return op("Div", self().cast(quotient), right.cast(quotient));
  }

  /**
   * The remainder; it takes the divisor's sign, where ONNX's Mod of floats takes the dividend's.
   */
  final TracedArray remainder(TracedArray right) {
    if (!promoted(type(), right.type()).isFloat()) {
      return binary("Mod", right);
    }
    TracedArray whole = op("Floor", quotient(right));
    return binary("Sub", whole.binary("Mul", right));
  }

  final TracedArray times(double factor) {
    return binary("Mul", scalar(factor));
  }

  @Override
  public NDArray clip(Number low, Number high) {
    DataType type = type().type();
    return op("Clip", self(), tracing().scalar(low, type), tracing().scalar(high, type));
  }

  @Override
  public NDArray square() {
    return op("Mul", self(), self());
  }

  @Override
  public NDArray cbrt() {
    return op("Pow", self(), scalar(1.0 / 3));
  }

  @Override
  public NDArray log2() {
    return op("Log", self()).times(1 / Math.log(2));
  }

  @Override
  public NDArray log10() {
    return op("Log", self()).times(1 / Math.log(10));
  }

  @Override
  public NDArray toRadians() {
    return times(Math.PI / 180);
  }

  @Override
  public NDArray toDegrees() {
    return times(180 / Math.PI);
  }

  @Override
  public NDArray logicalNot() {
    return op("Not", cast(DataType.BOOL));
  }
}
