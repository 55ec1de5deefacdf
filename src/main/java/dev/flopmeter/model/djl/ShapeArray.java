package dev.flopmeter.model.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrayAdapter;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An array with a shape and no numbers; what is done with it is written down in its {@link Trace}.
 * This class holds what an array is; the classes that extend it hold what can be done with one.
 *
 * <p>An operation in place gives the array a new value; other arrays that share memory with it in
 * an engine (views) keep theirs here.
 */
abstract class ShapeArray extends NDArrayAdapter {
  private final Trace trace;
  private TensorType type;
  private String value;

  ShapeArray(Trace trace, String value, TensorType type) {
    super(trace.manager(), null, DjlTypes.shape(type.shape()), DjlTypes.type(type.type()), value);
    this.trace = trace;
    this.value = value;
    this.type = type;
  }

  Trace tracing() {
    return trace;
  }

  /** Name of the graph's value that this array stands for now. */
  String value() {
    return value;
  }

  TensorType type() {
    return type;
  }

  dev.flopmeter.model.Shape dims() {
    return type.shape();
  }

  int rank() {
    return dims().rank();
  }

  /** {@code axis} in 0..rank-1; negative ones count from the end. */
  int axis(int axis) {
    return dims().axis(axis);
  }

  abstract TracedArray self();

  final TracedArray op(String op, @Nullable TracedArray... operands) {
    return trace.apply(op, Attributes.NONE, operands);
  }

  final TracedArray op(String op, Attributes attributes, @Nullable TracedArray... operands) {
    return trace.apply(op, attributes, operands);
  }

  final TracedArray operand(NDArray other) {
    return trace.manager().traced(other);
  }

  final TracedArray cast(dev.flopmeter.model.DataType wanted) {
    return type.type() == wanted ? self() : op("Cast", Attributes.of("to", wanted.code()), self());
  }

  /** Gives this array the value of {@code result}, as an operation in place does. */
  final TracedArray become(NDArray result) {
    TracedArray traced = operand(result);
    value = traced.value();
    type = traced.type();
    shape = traced.getShape();
    dataType = traced.getDataType();
    return self();
  }

  @Override
  public void intern(NDArray replaced) {
    become(replaced);
  }

  @Override
  public Device getDevice() {
    trace.askedForDevice(self());
    return super.getDevice();
  }

  @Override
  public NDArray toDevice(Device device, boolean copy) {
    return self();
  }

  @Override
  public NDArray toType(DataType wanted, boolean copy) {
    return cast(DjlTypes.type(wanted));
  }

  @Override
  public NDArray duplicate() {
    return new TracedArray(trace, value, type);
  }

  @Override
  public NDArray stopGradient() {
    return self();
  }

  @Override
  public void setRequiresGradient(boolean requiresGradient) {}

  @Override
  public void attach(NDManager ignored) {}

  @Override
  public void tempAttach(NDManager ignored) {}

  @Override
  public void detach() {}

  @Override
  public void close() {}

  @Override
  public boolean isReleased() {
    return false;
  }

  /**
   * The numbers, where they follow from constants alone.
   *
   * @throws ModelException if they depend on the block's input
   */
  final Tensor numbers() {
    return trace
        .known(value)
        .orElseThrow(
            () ->
                new ModelException(
                    "forward reads the numbers of '"
                        + value
                        + "'"
                        + ", which a trace of shapes does not have; trace the part of the block"
                        + " whose course does not depend on data"));
  }

  @Override
  public ByteBuffer toByteBuffer(boolean tryDirect) {
    return numbers().data();
  }

  @Override
  public boolean contentEquals(NDArray other) {
    return Arrays.equals(numbers().toDoubles(), operand(other).numbers().toDoubles());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return value + " " + type;
  }
}
