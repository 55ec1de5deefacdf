package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork.Stencil;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntToLongFunction;
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
  private static final int IDENTITY = 21;
  private static final int INDEX = 501;
  private static final int SELECT = 601;

  // cudnnReduceTensorOp_t
  static final int SUM = 0;
  static final int MAXIMUM = 3;

  // cudnnResampleMode_t, cudnnPaddingMode_t, cudnnConvolutionMode_t, cudnnBackendNormFwdPhase_t
  private static final int LARGEST_OF_WINDOW = 3;
  private static final int PADDED_WITH_ZEROS = 0;
  private static final int PADDED_WITH_LEAST = 1;
  private static final int CROSS_CORRELATION = 1;
  private static final int INFERENCE = 0;

  // cudnnDataType_t, beside those of ElementType
  static final int FLOAT = 0;
  private static final int INT8 = ElementType.I8.code();
  static final int INT32 = 4;
  private static final int FP8 = ElementType.F8.code();
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

  /**
   * A kind of operation: what is done, and the operation that joins it and its tensors; both may be
   * one.
   *
   * @param join the attribute of the operation that is what is done
   * @param scale the attribute that multiplies the result, before the one that adds the old one; 0
   *     where there is none
   * @param tensors the attributes that are tensors, the result last
   */
  record Operator(Kind what, Kind operation, int join, int scale, List<Integer> tensors) {}

  /** {@code y = mode(x, b)}, or where a condition holds x and elsewhere b: x, b, condition, y. */
  private static final Operator POINTWISE =
      new Operator(Kind.POINTWISE, Kind.POINTWISE_OPERATION, 750, 0, List.of(751, 752, 758, 753));

  /** {@code c = a * b} over the last two axes. */
  private static final Operator PRODUCT =
      new Operator(Kind.PRODUCT, Kind.PRODUCT_OPERATION, 1523, 0, List.of(1520, 1521, 1522));

  /** Reduces x over the axes in which y has one element. */
  private static final Operator REDUCTION =
      new Operator(Kind.REDUCTION, Kind.REDUCTION_OPERATION, 1612, 0, List.of(1610, 1611));

  /** The largest or the mean of each window of x. */
  private static final Operator RESAMPLE =
      new Operator(Kind.RESAMPLE, Kind.RESAMPLE_OPERATION, 1716, 0, List.of(1710, 1711));

  /** {@code y = conv(x, weights)}; groups follow from the channels. */
  private static final Operator CONVOLUTION =
      new Operator(Kind.CONVOLUTION, Kind.CONVOLUTION_OPERATION, 702, 700, List.of(704, 703, 705));

  /** The gradient of a convolution by its input: a transposed convolution. */
  private static final Operator BACKWARD_DATA =
      new Operator(
          Kind.CONVOLUTION, Kind.BACKWARD_DATA_OPERATION, 708, 706, List.of(711, 709, 710));

  /** x normalised by its own statistics: x, scale, bias, epsilon, y. */
  private static final Operator NORMALIZATION =
      new Operator(
          Kind.NORMALIZATION_OPERATION,
          Kind.NORMALIZATION_OPERATION,
          0,
          0,
          List.of(2002, 2005, 2006, 2007, 2013));

  /** An attribute of what is done. */
  record Setting(int attribute, ValueType type, List<Long> values) {
    static Setting of(int attribute, ValueType type, long... values) {
      return new Setting(attribute, type, list(values));
    }
  }

  /**
   * One operation; {@code toString} tells all of it.
   *
   * @param tensors in the operator's order; null where it has none
   */
  record Operation(Operator operator, List<Setting> what, List<@Nullable Tensor> tensors) {
    Tensor result() {
      return Objects.requireNonNull(tensors.get(tensors.size() - 1));
    }

    List<Tensor> operands() {
      return tensors.subList(0, tensors.size() - 1).stream()
          .flatMap(tensor -> Optional.ofNullable(tensor).stream())
          .toList();
    }

    /** Whether it multiplies and adds. */
    boolean isProduct() {
      return List.of(PRODUCT, CONVOLUTION, BACKWARD_DATA).contains(operator);
    }
  }

  /**
   * Where a stored tensor or a number of the graph is.
   *
   * @param address for each launch
   */
  record Bound(long id, IntToLongFunction address) {}

  private final ResourceStack owned;
  private final ToLongFunction<TensorView> addresses;
  private final List<Operation> operations = new ArrayList<>();
  private final List<Bound> bound = new ArrayList<>();
  private final List<Tensor> tensors = new ArrayList<>();

  /**
   * @param owned the memory of numbers is closed with it
   * @param addresses of views on the device
   */
  OperationGraph(ResourceStack owned, ToLongFunction<TensorView> addresses) {
    this.owned = owned;
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

  /** Whether its product is of 8-bit values, which tensor cores do not round. */
  boolean isNarrow() {
    return tensors.stream().anyMatch(tensor -> tensor.type() == INT8 || tensor.type() == FP8);
  }

  /** Everything that cuDNN's plan depends on: graphs with the same key share plans. */
  String key() {
    return operations.toString().replace(" ", "");
  }

  /** A tensor stored as {@code view} is. */
  Tensor stored(TensorView view) {
    return stored(view, view.shape().dims(), view.strides(), 0);
  }

  /**
   * A tensor that is seen with these dimensions and strides, and begins somewhere else in each
   * launch of the graph.
   *
   * @param shifts for each launch, where the tensor begins, in elements behind {@code view}
   */
  Tensor stored(TensorView view, long[] dims, long[] strides, long... shifts) {
    int bytes = view.storage().bytes();
    long address = addresses.applyAsLong(view);
    long bits = MOST_ALIGNED;
    for (long shift : shifts) {
      bits |= address + bytes * shift;
    }
    Tensor tensor =
        tensor(
            view.storage().code(),
            dims,
            nonZero(dims, strides),
            Long.lowestOneBit(bits),
            Role.STORED);
    bound.add(new Bound(tensor.id(), launch -> address + bytes * shifts[launch]));
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
  Tensor virtual(int type, long... dims) {
    return virtual(type, dims, TensorView.strides(Shape.of(dims), MemoryLayout.PLAIN));
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
    HostBlock host = owned.add(new HostBlock(Integer.BYTES));
    host.bytes().putInt(0, bits);
    bound.add(new Bound(number.id(), launch -> host.address()));
    return number;
  }

  private Tensor tensor(int type, long[] dims, long[] strides, long alignment, Role role) {
    Tensor made = new Tensor(tensors.size() + 1, type, list(dims), list(strides), alignment, role);
    tensors.add(made);
    return made;
  }

  private static List<Long> list(long... values) {
    return LongStream.of(values).boxed().toList();
  }

  private static Setting integers(int attribute, long... values) {
    return Setting.of(attribute, ValueType.INT64, values);
  }

  private void add(Operator operator, List<Setting> what, @Nullable Tensor... operationTensors) {
    operations.add(new Operation(operator, what, Arrays.asList(operationTensors.clone())));
  }

  void product(Tensor a, Tensor b, Tensor c) {
    add(PRODUCT, List.of(Setting.of(1500, ValueType.DATA_TYPE, FLOAT)), a, b, c);
  }

  /** {@code y = mode(x, b)}, b repeated to y's shape, or {@code mode(x)}. */
  void pointwise(int mode, Tensor x, @Nullable Tensor b, Tensor y) {
    pointwise(mode, FLOAT, x, b, null, y);
  }

  /** The same 32-bit integers. */
  void identity(Tensor x, Tensor y) {
    pointwise(IDENTITY, INT32, x, null, null, y);
  }

  /** As {@link #pointwise(int, Tensor, Tensor, Tensor)}, to a virtual tensor of float32. */
  Tensor pointwise(int mode, Tensor x, @Nullable Tensor b, long[] dims) {
    Tensor y = virtual(FLOAT, dims);
    pointwise(mode, x, b, y);
    return y;
  }

  private void pointwise(
      int mode, int precision, Tensor x, @Nullable Tensor b, @Nullable Tensor condition, Tensor y) {
    add(
        POINTWISE,
        List.of(
            Setting.of(0, ValueType.POINTWISE_MODE, mode),
            Setting.of(1, ValueType.DATA_TYPE, precision)),
        x,
        b,
        condition,
        y);
  }

  /** To a virtual tensor of float32. */
  Tensor reduction(int operator, Tensor x, long[] dims) {
    Tensor y = virtual(FLOAT, dims);
    add(
        REDUCTION,
        List.of(
            Setting.of(1600, ValueType.REDUCTION_OPERATOR, operator),
            Setting.of(1601, ValueType.DATA_TYPE, FLOAT)),
        x,
        y);
    return y;
  }

  /** {@code y = conv(x, weights)}, or transposed y as the gradient by the input. */
  void convolution(boolean isTransposed, Tensor x, Tensor weights, Tensor y, Stencil stencil) {
    // Precision, mode, dilations, strides, pads after and before, axes
    List<Setting> what =
        List.of(
            Setting.of(100, ValueType.DATA_TYPE, x.type() == INT8 ? INT32 : FLOAT),
            Setting.of(101, ValueType.CONVOLUTION_MODE, CROSS_CORRELATION),
            integers(102, stencil.dilation()),
            integers(103, stencil.stride()),
            integers(104, stencil.pad()),
            integers(105, stencil.pad()),
            integers(106, stencil.pad().length));
    add(isTransposed ? BACKWARD_DATA : CONVOLUTION, what, x, weights, y);
  }

  /**
   * Each window's largest element or mean.
   *
   * @param mode of {@code cudnnResampleMode_t}
   */
  void resample(int mode, Tensor x, Tensor y, long[] window, long[] pad, long[] stride) {
    int padding = mode == LARGEST_OF_WINDOW ? PADDED_WITH_LEAST : PADDED_WITH_ZEROS;
    // Mode, precision, axes, pads after and before, strides, window, padding
    add(
        RESAMPLE,
        List.of(
            Setting.of(1700, ValueType.RESAMPLE_MODE, mode),
            Setting.of(1701, ValueType.DATA_TYPE, FLOAT),
            integers(1702, window.length),
            integers(1703, pad),
            integers(1704, pad),
            integers(1705, stride),
            integers(1706, window),
            Setting.of(1708, ValueType.PADDING_MODE, padding)),
        x,
        y);
  }

  /**
   * Normalises as in inference, by the statistics of x itself.
   *
   * @param mode of {@code cudnnBackendNormMode_t}
   */
  void normalization(
      int mode, Tensor x, Tensor scale, @Nullable Tensor bias, double epsilon, Tensor y) {
    List<Setting> what =
        List.of(
            Setting.of(2000, ValueType.NORMALIZATION_MODE, mode),
            Setting.of(2001, ValueType.NORMALIZATION_PHASE, INFERENCE));
    add(NORMALIZATION, what, x, scale, bias, number(epsilon, x.dims().size()), y);
  }

  /**
   * x where the index along {@code columns} is at most that along {@code rows} plus {@code more},
   * elsewhere the least float.
   *
   * @param dims of x
   */
  Tensor lowerTriangle(Tensor x, long[] dims, int rows, int columns, long more) {
    Tensor row = index(x, dims, rows);
    if (more != 0) {
      Tensor later = virtual(INT32, dims);
      Tensor shift = number(INT32, Math.toIntExact(more), dims.length);
      pointwise(ADD, INT32, row, shift, null, later);
      row = later;
    }
    Tensor seen = virtual(BOOLEAN, dims);
    pointwise(GREATER_OR_EQUAL, BOOLEAN, row, index(x, dims, columns), null, seen);
    Tensor y = virtual(FLOAT, dims);
    pointwise(SELECT, FLOAT, x, number(-Float.MAX_VALUE, dims.length), seen, y);
    return y;
  }

  private Tensor index(Tensor x, long[] dims, int axis) {
    Tensor index = virtual(INT32, dims);
    add(
        POINTWISE,
        List.of(
            Setting.of(0, ValueType.POINTWISE_MODE, INDEX),
            Setting.of(1, ValueType.DATA_TYPE, INT32),
            Setting.of(9, ValueType.INT64, axis)),
        x,
        null,
        null,
        index);
    return index;
  }
}
