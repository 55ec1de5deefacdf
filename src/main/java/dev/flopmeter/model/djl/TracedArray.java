package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An array with a shape and no numbers. Operators on it are recorded in its {@link Trace}. A traced
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

  /** Name of the graph's value that this array stands for now. */
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

  int rank() {
    return dims().rank();
  }

  /** {@code axis} in 0..rank-1; negative ones count from the end. */
  int axis(int axis) {
    return dims().axis(axis);
  }

  TracedArray op(String op, @Nullable TracedArray... operands) {
    return trace.apply(op, Attributes.NONE, operands);
  }

  TracedArray op(String op, Attributes attributes, @Nullable TracedArray... operands) {
    return trace.apply(op, attributes, operands);
  }

  TracedArray longs(long... values) {
    return trace.longs(values);
  }

  /** A number of this array's element type. */
  TracedArray like(Number number) {
    return trace.scalar(number, type.type());
  }

  /** A number of this array's element type, or float32 if it has a fraction and the array not. */
  TracedArray scalar(Number number) {
    boolean isWhole = number.doubleValue() == Math.rint(number.doubleValue());
    return isWhole || type.type().isFloat() ? like(number) : trace.scalar(number, DataType.FLOAT);
  }

  TracedArray cast(DataType wanted) {
    return type.type() == wanted ? this : op("Cast", Attributes.of("to", wanted.code()), this);
  }

  /** Both operands in the wider of their types, as PyTorch promotes: floats over integers. */
  TracedArray binary(String op, TracedArray right) {
    DataType common = promoted(type.type(), right.type.type());
    return op(op, cast(common), right.cast(common));
  }

  private static DataType promoted(DataType a, DataType b) {
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
  TracedArray quotient(TracedArray right) {
    DataType common = promoted(type.type(), right.type.type());
    DataType quotient = common.isFloat() ? common : DataType.FLOAT;
    return op("Div", cast(quotient), right.cast(quotient));
  }

  /** The remainder with the divisor's sign; ONNX's Mod of floats takes the dividend's. */
  TracedArray remainder(TracedArray right) {
    if (!promoted(type.type(), right.type.type()).isFloat()) {
      return binary("Mod", right);
    }
    TracedArray whole = op("Floor", quotient(right));
    return binary("Sub", whole.binary("Mul", right));
  }

  TracedArray times(double factor) {
    return binary("Mul", scalar(factor));
  }

  TracedArray reshaped(long... target) {
    return op("Reshape", this, longs(target));
  }

  /**
   * A weight stored in another layout, without an operator at run time. A value that is not a
   * stored weight is transposed if both have two axes, and otherwise not supported.
   */
  TracedArray storedAs(Shape other) {
    return trace.storedAs(this, other);
  }

  TracedArray unsqueezed(long axis) {
    return op("Unsqueeze", this, longs(axis));
  }

  TracedArray squeezed(int... axes) {
    return axes.length == 0 ? this : op("Squeeze", this, longs(asLongs(axes)));
  }

  TracedArray permuted(int... axes) {
    boolean isSame = IntStream.range(0, axes.length).allMatch(i -> axes[i] == i);
    return isSame ? this : op("Transpose", Attributes.of("perm", asLongs(axes)), this);
  }

  TracedArray sliced(long[] starts, long[] ends, int[] axes, long[] steps) {
    return op("Slice", this, longs(starts), longs(ends), longs(asLongs(axes)), longs(steps));
  }

  /** The part {@code from} to {@code to}-1 of one axis. */
  TracedArray sliced(int axis, long from, long to) {
    return sliced(new long[] {from}, new long[] {to}, new int[] {axis}, new long[] {1});
  }

  /** The entries of one axis that {@code index} names. */
  TracedArray taken(TracedArray index, int axis) {
    return op("Gather", Attributes.of("axis", axis), this, index.indices());
  }

  /** This array as indices: engines accept floats that hold whole numbers. */
  TracedArray indices() {
    return type.type() == DataType.INT32 ? this : cast(DataType.INT64);
  }

  TracedArray reduced(String op, int[] axes, boolean keep) {
    long[] list = Arrays.stream(axes).mapToLong(this::axis).toArray();
    return op(op, Attributes.of("keepdims", keep ? 1 : 0), this, longs(list));
  }

  /** Reduces all axes. */
  TracedArray reduced(String op, boolean keep) {
    return reduced(op, IntStream.range(0, rank()).toArray(), keep);
  }

  /** Gives this array the value of {@code result}, as an operation in place does. */
  TracedArray become(TracedArray result) {
    value = result.value;
    type = result.type;
    return this;
  }

  /**
   * The numbers, if they follow from constants alone.
   *
   * @throws ModelException if they depend on the block's input
   */
  Tensor numbers() {
    return trace
        .known(value)
        .orElseThrow(
            () ->
                new ModelException(
                    "forward reads the numbers of '%s', which a trace of shapes does not have; trace"
                            .formatted(value)
                        + " the part of the block whose control flow does not depend on data"));
  }

  private static long[] asLongs(int... values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  @Override
  public String toString() {
    return value + " " + type;
  }
}
