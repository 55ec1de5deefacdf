package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;

/** Comparison and logic: arrays of booleans. */
abstract class ComparedArray extends ElementwiseArray {
  ComparedArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  @Override
  public NDArray eq(Number number) {
    return eq(scalar(number));
  }

  @Override
  public NDArray eq(NDArray other) {
    return binary("Equal", other);
  }

  @Override
  public NDArray gt(Number number) {
    return gt(scalar(number));
  }

  @Override
  public NDArray gt(NDArray other) {
    return binary("Greater", other);
  }

  @Override
  public NDArray gte(Number number) {
    return gte(scalar(number));
  }

  @Override
  public NDArray gte(NDArray other) {
    return binary("GreaterOrEqual", other);
  }

  @Override
  public NDArray lt(Number number) {
    return lt(scalar(number));
  }

  @Override
  public NDArray lt(NDArray other) {
    return binary("Less", other);
  }

  @Override
  public NDArray lte(Number number) {
    return lte(scalar(number));
  }

  @Override
  public NDArray lte(NDArray other) {
    return binary("LessOrEqual", other);
  }

  @Override
  public NDArray neq(Number number) {
    return neq(scalar(number));
  }

  @Override
  public NDArray neq(NDArray other) {
    return op("Not", binary("Equal", other));
  }

  @Override
  public NDArray logicalAnd(NDArray other) {
    return op("And", cast(DataType.BOOL), operand(other).cast(DataType.BOOL));
  }

  @Override
  public NDArray logicalOr(NDArray other) {
    return op("Or", cast(DataType.BOOL), operand(other).cast(DataType.BOOL));
  }

  @Override
  public NDArray logicalXor(NDArray other) {
    return op("Xor", cast(DataType.BOOL), operand(other).cast(DataType.BOOL));
  }

  @Override
  public NDArray logicalNot() {
    return op("Not", cast(DataType.BOOL));
  }
}
