package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A graph of cuDNN's graph API as data: tensors in memory, virtual ones between two operations,
 * numbers, and the operations. Arithmetic is in float32. The numbers are those of cuDNN 9's {@code
 * cudnn_graph.h}.
 */
final class OperationGraph {
  // cudnnPointwiseMode_t
  static final int ADD = 0;
  static final int MULTIPLY = 1;
  static final int DIVIDE = 6;
  static final int SUBTRACT = 9;
  static final int EXP = 13;
  static final int LOG = 15;
  static final int RELU = 100;
  private static final int GREATER_OR_EQUAL = 303;
  private static final int INDEX = 501;
  private static final int SELECT = 601;

  // cudnnReduceTensorOp_t
  static final int SUM = 0;
  static final int MAXIMUM = 3;

  // cudnnResampleMode_t
  static final int LARGEST_OF_WINDOW = 3;

  // cudnnDataType_t, beside those of ElementType
  static final int FLOAT = 0;
  static final int INT8 = 3;
  static final int INT32 = 4;
  private static final int BOOLEAN = 11;

  /** cuDNN's fastest engines load 128 bits at once. */
  private static final long MOST_ALIGNED = 16;

  /** How a tensor gets its elements. */
  enum Role {
    STORED,
    VIRTUAL,
    NUMBER
  }

  /**
   * A tensor.
   *
   * @param id its name within the graph
   * @param alignment of its address, in bytes
   */
  record Tensor(long id, int type, List<Long> dims, List<Long> strides, long alignment, Role role) {
    @Override
    public String toString() {
      return id + ":" + role + type + dims + strides + "@" + alignment;
    }
  }

  /** One operation; {@code toString} tells all of it. */
  sealed interface Operation permits Product, Pointwise, Reduction, Convolution, Resample {}

  /** {@code c = a * b} over the last two axes. */
  record Product(Tensor a, Tensor b, Tensor c) implements Operation {}

  /**
   * {@code y = mode(x, b)}, or where {@code condition} holds x and elsewhere b.
   *
   * @param axis whose index is given; -1 for none
   */
  record Pointwise(
      int mode,
      int precision,
      int axis,
      Tensor x,
      @Nullable Tensor b,
      @Nullable Tensor condition,
      Tensor y)
      implements Operation {}

  /** Reduces x over the axes in which y has one element. */
  record Reduction(int operator, Tensor x, Tensor y) implements Operation {}

  /**
   * {@code y = conv(x, weights)}; groups follow from the channels.
   *
   * @param isBackward whether x is computed from y: a transposed convolution
   */
  record Convolution(
      boolean isBackward,
      Tensor x,
      Tensor weights,
      Tensor y,
      List<Long> pad,
      List<Long> stride,
      List<Long> dilation)
      implements Operation {}

  /**
   * {@code y} = the largest or the mean of each window of {@code x}.
   *
   * @param mode of {@code cudnnResampleMode_t}
   */
  record Resample(
      int mode, Tensor x, Tensor y, List<Long> window, List<Long> pad, List<Long> stride)
      implements Operation {}

  /**
   * What a tensor of the graph is bound to.
   *
   * @param view what is stored; null for a number
   * @param bits of a number, four bytes
   * @param shifts for each launch, where the tensor begins, in bytes behind the view
   */
  record Bound(long id, @Nullable TensorView view, int bits, LongUnaryOperator shifts) {}

  private final ToLongFunction<TensorView> addresses;
  private final List<Operation> operations = new ArrayList<>();
  private final List<Bound> bound = new ArrayList<>();
  private final List<Tensor> tensors = new ArrayList<>();

  OperationGraph(ToLongFunction<TensorView> addresses) {
    this.addresses = addresses;
  }

  List<Operation> operations() {
    return Collections.unmodifiableList(operations);
  }

  List<Bound> bound() {
    return Collections.unmodifiableList(bound);
  }

  /** In the order in which they were made. */
  List<Tensor> tensors() {
    return Collections.unmodifiableList(tensors);
  }

  /** Whether its product is of integers, which are exact in every engine. */
  boolean isInteger() {
    return tensors.stream().anyMatch(tensor -> tensor.type() == INT8);
  }

  /** Everything that cuDNN's plan depends on: graphs with the same key share plans. */
  String key() {
    return operations.toString().replace(" ", "");
  }

  /** A tensor stored as {@code view} is. */
  Tensor stored(TensorView view) {
    return stored(view, view.shape().dims(), view.strides());
  }

  /** A tensor stored as {@code view} is, seen with these dimensions and strides. */
  Tensor stored(TensorView view, long[] dims, long[] strides) {
    return stored(view, dims, strides, 1, launch -> 0);
  }

  /**
   * A tensor that begins somewhere else in each launch of the graph.
   *
   * @param launches how many there are
   * @param shifts for each launch, where the tensor begins, in bytes behind {@code view}
   */
  Tensor stored(
      TensorView view, long[] dims, long[] strides, int launches, LongUnaryOperator shifts) {
    long address = addresses.applyAsLong(view);
    long bits = MOST_ALIGNED;
    for (int launch = 0; launch < launches; launch++) {
      bits |= address + shifts.applyAsLong(launch);
    }
    Tensor tensor =
        tensor(
            view.storage().code(),
            dims,
            nonZero(dims, strides),
            Long.lowestOneBit(bits),
            Role.STORED);
    bound.add(new Bound(tensor.id(), view, 0, shifts));
    return tensor;
  }

  /** Any stride will do where there is one element, but cuDNN wants none of 0. */
  private static long[] nonZero(long[] dims, long[] strides) {
    long[] replaced = strides.clone();
    for (int i = dims.length - 1; i >= 0; i--) {
      if (dims[i] == 1 && strides[i] == 0) {
        replaced[i] = i == dims.length - 1 ? 1 : dims[i + 1] * replaced[i + 1];
      }
    }
    return replaced;
  }

  /** A tensor that only passes from one operation to the next, packed row major. */
  Tensor virtual(int type, long[] dims) {
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= dims[i];
    }
    return virtual(type, dims, strides);
  }

  Tensor virtual(int type, long[] dims, long[] strides) {
    return tensor(type, dims, strides, MOST_ALIGNED, Role.VIRTUAL);
  }

  /** A number that the operations take by value. */
  Tensor number(double value, int rank) {
    return number(FLOAT, Float.floatToRawIntBits((float) value), rank);
  }

  private Tensor number(int type, int bits, int rank) {
    long[] ones = new long[rank];
    Arrays.fill(ones, 1);
    Tensor number = tensor(type, ones, ones, Integer.BYTES, Role.NUMBER);
    bound.add(new Bound(number.id(), null, bits, launch -> 0));
    return number;
  }

  private Tensor tensor(int type, long[] dims, long[] strides, long alignment, Role role) {
    Tensor made = new Tensor(tensors.size() + 1, type, list(dims), list(strides), alignment, role);
    tensors.add(made);
    return made;
  }

  private static List<Long> list(long[] values) {
    return LongStream.of(values).boxed().toList();
  }

  private static List<Long> list(int[] values) {
    return Arrays.stream(values).asLongStream().boxed().toList();
  }

  void product(Tensor a, Tensor b, Tensor c) {
    operations.add(new Product(a, b, c));
  }

  /** {@code y = mode(x, b)}, b repeated to y's shape, or {@code mode(x)}. */
  void pointwise(int mode, Tensor x, @Nullable Tensor b, Tensor y) {
    operations.add(new Pointwise(mode, FLOAT, -1, x, b, null, y));
  }

  void reduction(int operator, Tensor x, Tensor y) {
    operations.add(new Reduction(operator, x, y));
  }

  void convolution(
      boolean isBackward,
      Tensor x,
      Tensor weights,
      Tensor y,
      int[] pad,
      int[] stride,
      int[] dilation) {
    operations.add(
        new Convolution(isBackward, x, weights, y, list(pad), list(stride), list(dilation)));
  }

  void resample(int mode, Tensor x, Tensor y, int[] window, int[] pad, int[] stride) {
    operations.add(new Resample(mode, x, y, list(window), list(pad), list(stride)));
  }

  /**
   * {@code y = x} where the index along {@code columns} is at most that along {@code rows} plus
   * {@code more}, elsewhere the least float.
   *
   * @param dims of x and y
   */
  void lowerTriangle(Tensor x, long[] dims, int rows, int columns, long more, Tensor y) {
    Tensor row = index(x, dims, rows);
    if (more != 0) {
      Tensor later = virtual(INT32, dims);
      Tensor shift = number(INT32, Math.toIntExact(more), dims.length);
      operations.add(new Pointwise(ADD, INT32, -1, row, shift, null, later));
      row = later;
    }
    Tensor column = index(x, dims, columns);
    Tensor seen = virtual(BOOLEAN, dims);
    operations.add(new Pointwise(GREATER_OR_EQUAL, BOOLEAN, -1, row, column, null, seen));
    Tensor hidden = number(-Float.MAX_VALUE, dims.length);
    operations.add(new Pointwise(SELECT, FLOAT, -1, x, hidden, seen, y));
  }

  private Tensor index(Tensor x, long[] dims, int axis) {
    Tensor index = virtual(INT32, dims);
    operations.add(new Pointwise(INDEX, INT32, axis, x, null, null, index));
    return index;
  }
}
