package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;

/** Arithmetic, element by element. */
abstract class ElementwiseArray extends ShapeArray {
  ElementwiseArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  /** Both operands in the wider of their types, as PyTorch promotes: floats over integers. */
  final TracedArray binary(String op, NDArray other) {
    TracedArray right = operand(other);
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

  @Override
  public NDArray add(Number number) {
    return add(scalar(number));
  }

  @Override
  public NDArray add(NDArray other) {
    return binary("Add", other);
  }

  @Override
  public NDArray sub(Number number) {
    return sub(scalar(number));
  }

  @Override
  public NDArray sub(NDArray other) {
    return binary("Sub", other);
  }

  @Override
  public NDArray mul(Number number) {
    return mul(scalar(number));
  }

  @Override
  public NDArray mul(NDArray other) {
    return binary("Mul", other);
  }

  @Override
  public NDArray mod(Number number) {
    return mod(scalar(number));
  }

  @Override
  public NDArray mod(NDArray other) {
    if (!promoted(type(), operand(other).type()).isFloat()) {
      return binary("Mod", other);
    }
    // The remainder takes the divisor's sign; ONNX's Mod of floats takes the dividend's.
    return sub(div(other).floor().mul(other));
  }

  @Override
  public NDArray div(Number number) {
    return div(scalar(number));
  }

  @Override
  public NDArray div(NDArray other) {
    TracedArray right = operand(other);
    DataType common = promoted(type(), right.type());
    // The quotient of integers is a float in DJL.
    DataType quotient = common.isFloat() ? common : DataType.FLOAT;
    return op("Div", self().cast(quotient), right.cast(quotient));
  }

  @Override
  public NDArray pow(Number number) {
    return op("Pow", self(), scalar(number));
  }

  @Override
  public NDArray pow(NDArray other) {
    return op("Pow", self(), operand(other));
  }

  @Override
  public NDArray maximum(Number number) {
    return maximum(scalar(number));
  }

  @Override
  public NDArray maximum(NDArray other) {
    return binary("Max", other);
  }

  @Override
  public NDArray minimum(Number number) {
    return minimum(scalar(number));
  }

  @Override
  public NDArray minimum(NDArray other) {
    return binary("Min", other);
  }

  @Override
  public NDArray clip(Number low, Number high) {
    DataType type = type().type();
    return op("Clip", self(), tracing().scalar(low, type), tracing().scalar(high, type));
  }

  @Override
  public NDArray addi(Number number) {
    return become(add(number));
  }

  @Override
  public NDArray addi(NDArray other) {
    return become(add(other));
  }

  @Override
  public NDArray subi(Number number) {
    return become(sub(number));
  }

  @Override
  public NDArray subi(NDArray other) {
    return become(sub(other));
  }

  @Override
  public NDArray muli(Number number) {
    return become(mul(number));
  }

  @Override
  public NDArray muli(NDArray other) {
    return become(mul(other));
  }

  @Override
  public NDArray divi(Number number) {
    return become(div(number));
  }

  @Override
  public NDArray divi(NDArray other) {
    return become(div(other));
  }

  @Override
  public NDArray modi(Number number) {
    return become(mod(number));
  }

  @Override
  public NDArray modi(NDArray other) {
    return become(mod(other));
  }

  @Override
  public NDArray powi(Number number) {
    return become(pow(number));
  }

  @Override
  public NDArray powi(NDArray other) {
    return become(pow(other));
  }

  @Override
  public NDArray abs() {
    return op("Abs", self());
  }

  @Override
  public NDArray sqrt() {
    return op("Sqrt", self());
  }

  @Override
  public NDArray neg() {
    return op("Neg", self());
  }

  @Override
  public NDArray sign() {
    return op("Sign", self());
  }

  @Override
  public NDArray floor() {
    return op("Floor", self());
  }

  @Override
  public NDArray ceil() {
    return op("Ceil", self());
  }

  @Override
  public NDArray round() {
    return op("Round", self());
  }

  @Override
  public NDArray exp() {
    return op("Exp", self());
  }

  @Override
  public NDArray log() {
    return op("Log", self());
  }

  @Override
  public NDArray sin() {
    return op("Sin", self());
  }

  @Override
  public NDArray cos() {
    return op("Cos", self());
  }

  @Override
  public NDArray tan() {
    return op("Tan", self());
  }

  @Override
  public NDArray asin() {
    return op("Asin", self());
  }

  @Override
  public NDArray acos() {
    return op("Acos", self());
  }

  @Override
  public NDArray atan() {
    return op("Atan", self());
  }

  @Override
  public NDArray sinh() {
    return op("Sinh", self());
  }

  @Override
  public NDArray cosh() {
    return op("Cosh", self());
  }

  @Override
  public NDArray tanh() {
    return op("Tanh", self());
  }

  @Override
  public NDArray asinh() {
    return op("Asinh", self());
  }

  @Override
  public NDArray acosh() {
    return op("Acosh", self());
  }

  @Override
  public NDArray atanh() {
    return op("Atanh", self());
  }

  @Override
  public NDArray erf() {
    return op("Erf", self());
  }

  @Override
  public NDArray isNaN() {
    return op("IsNaN", self());
  }

  @Override
  public NDArray isInfinite() {
    return op("IsInf", self());
  }

  @Override
  public NDArray negi() {
    return become(neg());
  }

  @Override
  public NDArray signi() {
    return become(sign());
  }

  @Override
  public NDArray square() {
    return op("Mul", self(), self());
  }

  @Override
  public NDArray cbrt() {
    return pow(1.0 / 3);
  }

  @Override
  public NDArray log2() {
    return log().mul(1 / Math.log(2));
  }

  @Override
  public NDArray log10() {
    return log().mul(1 / Math.log(10));
  }

  @Override
  public NDArray toRadians() {
    return mul(Math.PI / 180);
  }

  @Override
  public NDArray toDegrees() {
    return mul(180 / Math.PI);
  }
}
