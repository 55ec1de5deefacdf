package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import org.jspecify.annotations.Nullable;

/**
 * An array with a shape but no values. Operators on it are recorded in its {@link Trace}. A traced
 * block sees it through {@link TracedCalls}.
 *
 * <p>An operation in place gives the array a new value. Other arrays that share memory with it in
 * an engine (views) keep theirs here.
 */
final class TracedArray {
  private final Trace trace;
  private final NDArray shown = TracedCalls.inFrontOf(this);
  private TensorType type;
  private String value;
  private @Nullable String name;

  TracedArray(Trace trace, String value, TensorType type) {
    this.trace = trace;
    this.value = value;
    this.type = type;
  }

  Trace tracing() {
    return trace;
  }

  /** The array to give to DJL's code. */
  NDArray shown() {
    return shown;
  }

  /** Name of the graph's value that this array currently represents. */
  String value() {
    return value;
  }

  /** The name that the block's code gave, for {@code NDList.get(name)}. */
  @Nullable String name() {
    return name;
  }

  @Nullable Object name(@Nullable String given) {
    name = given;
    return null;
  }

  TensorType type() {
    return type;
  }

  Shape dims() {
    return type.shape();
  }

  /** A number of this array's element type. */
  TracedArray like(Number number) {
    return trace.scalar(number, type.type());
  }

  /** A number of this array's element type, or float32 if only the number has a fraction. */
  TracedArray scalar(Number number) {
    boolean isWhole = number.doubleValue() == Math.rint(number.doubleValue());
    return isWhole || type.type().isFloat() ? like(number) : trace.scalar(number, DataType.FLOAT);
  }

  TracedArray cast(DataType wanted) {
    return type.type() == wanted
        ? this
        : trace.apply("Cast", Attributes.of("to", wanted.code()), this);
  }

  /** The wider of two arrays' types, as PyTorch promotes: floats over integers. */
  DataType commonType(TracedArray other) {
    DataType a = type.type();
    DataType b = other.type.type();
    if (a.isFloat() != b.isFloat()) {
      return a.isFloat() ? a : b;
    }
    if (a == DataType.BOOL || b == DataType.BOOL) {
      return a == DataType.BOOL ? b : a;
    }
    return a.bits() >= b.bits() ? a : b;
  }

  /** Gives this array the value of {@code result}, like an in-place operation. */
  TracedArray become(TracedArray result) {
    value = result.value;
    type = result.type;
    return this;
  }

  /**
   * The elements, if constants alone determine them.
   *
   * @throws ModelException if they depend on the block's input
   */
  Tensor numbers() {
    String wrong =
        "forward reads the numbers of '%s', which a trace of shapes does not have; trace the part"
            + " of the block whose control flow does not depend on data";
    return trace.known(value).orElseThrow(() -> new ModelException(wrong.formatted(value)));
  }

  @Override
  public String toString() {
    return value + " " + type;
  }
}
