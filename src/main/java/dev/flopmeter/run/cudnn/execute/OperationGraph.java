package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.plan.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A graph of cuDNN's graph API as it grows: tensors in memory, virtual ones between two operations,
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
  private static final int RELU = 100;
  private static final int GREATER_OR_EQUAL = 303;
  private static final int INDEX = 501;
  private static final int SELECT = 601;

  // cudnnDataType_t, beside those of Storage
  static final int FLOAT = 0;
  private static final int INT32 = 4;
  private static final int BOOLEAN = 11;

  private static final int CROSS_CORRELATION = 1;

  // cudnnReduceTensorOp_t
  static final int SUM = 0;
  static final int MAXIMUM = 3;

  // cudnnBackendAttributeName_t
  private static final int POINTWISE_MODE = 0;
  private static final int POINTWISE_PRECISION = 1;
  private static final int POINTWISE_AXIS = 9;
  private static final int CONVOLUTION_PRECISION = 100;
  private static final int CONVOLUTION_MODE = 101;
  private static final int CONVOLUTION_DILATIONS = 102;
  private static final int CONVOLUTION_STRIDES = 103;
  private static final int CONVOLUTION_PADS_AFTER = 104;
  private static final int CONVOLUTION_PADS_BEFORE = 105;
  private static final int CONVOLUTION_AXES = 106;
  private static final int CONVOLUTION_ALPHA = 700;
  private static final int CONVOLUTION_BETA = 701;
  private static final int CONVOLUTION_OF = 702;
  private static final int CONVOLUTION_WEIGHTS = 703;
  private static final int CONVOLUTION_X = 704;
  private static final int CONVOLUTION_Y = 705;
  private static final int POINTWISE_OF = 750;
  private static final int POINTWISE_X = 751;
  private static final int POINTWISE_B = 752;
  private static final int POINTWISE_Y = 753;
  private static final int POINTWISE_CONDITION = 758;
  private static final int GRAPH_HANDLE = 800;
  private static final int GRAPH_OPERATIONS = 801;
  private static final int TENSOR_ALIGNMENT = 900;
  private static final int TENSOR_TYPE = 901;
  private static final int TENSOR_DIMENSIONS = 902;
  private static final int TENSOR_STRIDES = 903;
  private static final int TENSOR_ID = 906;
  private static final int TENSOR_IS_VIRTUAL = 907;
  private static final int TENSOR_IS_BY_VALUE = 908;
  private static final int PACK_IDS = 1000;
  private static final int PACK_POINTERS = 1001;
  private static final int PACK_WORKSPACE = 1003;
  private static final int PRODUCT_PRECISION = 1500;
  private static final int PRODUCT_A = 1520;
  private static final int PRODUCT_B = 1521;
  private static final int PRODUCT_C = 1522;
  private static final int PRODUCT_OF = 1523;
  private static final int REDUCTION_OPERATOR = 1600;
  private static final int REDUCTION_PRECISION = 1601;
  private static final int REDUCTION_X = 1610;
  private static final int REDUCTION_Y = 1611;
  private static final int REDUCTION_OF = 1612;

  /** Enough for the attributes of any one call; the graph's numbers are stored behind them. */
  private static final int NUMBERS_AT = 960;

  private static final long HOST_BYTES = 1024;
  private static final long MOST_ALIGNED = 16;

  /**
   * A tensor in memory.
   *
   * @param id its name within the graph
   * @param shifts for each launch, where it begins, in bytes behind the address
   */
  private record Bound(long id, long address, LongUnaryOperator shifts) {
    long at(int launch) {
      return address + shifts.applyAsLong(launch);
    }
  }

  private final Site site;
  private final Closing owned;
  private final HostBlock host;
  private final List<BackendDescriptor> operations = new ArrayList<>();
  private final List<Bound> bound = new ArrayList<>();
  private long tensors;
  private int numbers;

  /**
   * @param owned what this makes is closed with it
   */
  OperationGraph(Site site, Closing owned) {
    this.site = site;
    this.owned = owned;
    host = owned.add(new HostBlock(HOST_BYTES));
  }

  BackendDescriptor make(Kind kind) {
    return owned.add(new BackendDescriptor(kind, host));
  }

  /** A tensor stored as {@code view} is, seen with these dimensions and strides. */
  BackendDescriptor stored(View view, long[] dims, long[] strides) {
    return stored(view, dims, strides, 1, launch -> 0);
  }

  /**
   * A tensor that begins somewhere else in each launch of the graph.
   *
   * @param launches how many there are
   * @param shifts for each launch, where the tensor begins, in bytes behind {@code view}
   */
  BackendDescriptor stored(
      View view, long[] dims, long[] strides, int launches, LongUnaryOperator shifts) {
    Bound tensor = new Bound(tensors + 1, site.address(view).value(), shifts);
    long bits = MOST_ALIGNED;
    for (int launch = 0; launch < launches; launch++) {
      bits |= tensor.at(launch);
    }
    bound.add(tensor);
    return tensor(view.storage().code(), dims, strides, Long.lowestOneBit(bits)).ready();
  }

  /** A tensor that only passes from one operation to the next, packed row major. */
  BackendDescriptor virtual(int type, long[] dims) {
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= dims[i];
    }
    return virtual(type, dims, strides);
  }

  BackendDescriptor virtual(int type, long[] dims, long[] strides) {
    return tensor(type, dims, strides, MOST_ALIGNED)
        .set(TENSOR_IS_VIRTUAL, ValueType.BOOLEAN, 1)
        .ready();
  }

  /** A number that the operations take by value. */
  BackendDescriptor number(double value, int rank) {
    return number(FLOAT, Float.floatToRawIntBits((float) value), rank);
  }

  private BackendDescriptor number(int type, int bits, int rank) {
    int at = NUMBERS_AT + Integer.BYTES * numbers++;
    host.bytes().putInt(at, bits);
    bound.add(new Bound(tensors + 1, host.address() + at, launch -> 0));
    long[] ones = new long[rank];
    Arrays.fill(ones, 1);
    return tensor(type, ones, ones, Integer.BYTES)
        .set(TENSOR_IS_BY_VALUE, ValueType.BOOLEAN, 1)
        .ready();
  }

  private BackendDescriptor tensor(int type, long[] dims, long[] strides, long alignment) {
    return make(Kind.TENSOR)
        .set(TENSOR_ID, ValueType.INT64, ++tensors)
        .set(TENSOR_TYPE, ValueType.DATA_TYPE, type)
        .set(TENSOR_DIMENSIONS, ValueType.INT64, dims)
        .set(TENSOR_STRIDES, ValueType.INT64, strides)
        .set(TENSOR_ALIGNMENT, ValueType.INT64, alignment);
  }

  /** {@code c = a * b} over the last two axes. */
  void product(BackendDescriptor a, BackendDescriptor b, BackendDescriptor c) {
    operations.add(
        make(Kind.PRODUCT_OPERATION)
            .set(PRODUCT_A, a)
            .set(PRODUCT_B, b)
            .set(PRODUCT_C, c)
            .set(
                PRODUCT_OF,
                make(Kind.PRODUCT).set(PRODUCT_PRECISION, ValueType.DATA_TYPE, FLOAT).ready())
            .ready());
  }

  /** {@code y = mode(x, b)}, b repeated to y's shape, or {@code mode(x)}. */
  void pointwise(
      int mode, BackendDescriptor x, @Nullable BackendDescriptor b, BackendDescriptor y) {
    pointwise(pointwise(mode, FLOAT).ready(), x, b, null, y);
  }

  /** {@code y = max(x, 0)}. */
  void relu(BackendDescriptor x, BackendDescriptor y) {
    pointwise(RELU, x, null, y);
  }

  /**
   * {@code y = x} where the index along {@code columns} is at most that along {@code rows} plus
   * {@code more}, elsewhere the least float.
   *
   * @param dims of x and y
   */
  void lowerTriangle(
      BackendDescriptor x, long[] dims, int rows, int columns, long more, BackendDescriptor y) {
    BackendDescriptor row = index(x, dims, rows);
    if (more != 0) {
      BackendDescriptor later = virtual(INT32, dims);
      BackendDescriptor shift = number(INT32, Math.toIntExact(more), dims.length);
      pointwise(pointwise(ADD, INT32).ready(), row, shift, null, later);
      row = later;
    }
    BackendDescriptor column = index(x, dims, columns);
    BackendDescriptor seen = virtual(BOOLEAN, dims);
    pointwise(pointwise(GREATER_OR_EQUAL, BOOLEAN).ready(), row, column, null, seen);
    BackendDescriptor hidden = number(-Float.MAX_VALUE, dims.length);
    pointwise(pointwise(SELECT, FLOAT).ready(), x, hidden, seen, y);
  }

  private BackendDescriptor index(BackendDescriptor x, long[] dims, int axis) {
    BackendDescriptor index = virtual(INT32, dims);
    BackendDescriptor of =
        pointwise(INDEX, INT32).set(POINTWISE_AXIS, ValueType.INT64, axis).ready();
    pointwise(of, x, null, null, index);
    return index;
  }

  private BackendDescriptor pointwise(int mode, int precision) {
    return make(Kind.POINTWISE)
        .set(POINTWISE_MODE, ValueType.POINTWISE_MODE, mode)
        .set(POINTWISE_PRECISION, ValueType.DATA_TYPE, precision);
  }

  private void pointwise(
      BackendDescriptor of,
      BackendDescriptor x,
      @Nullable BackendDescriptor b,
      @Nullable BackendDescriptor condition,
      BackendDescriptor y) {
    BackendDescriptor operation =
        make(Kind.POINTWISE_OPERATION)
            .set(POINTWISE_OF, of)
            .set(POINTWISE_X, x)
            .set(POINTWISE_Y, y);
    if (b != null) {
      operation.set(POINTWISE_B, b);
    }
    if (condition != null) {
      operation.set(POINTWISE_CONDITION, condition);
    }
    operations.add(operation.ready());
  }

  /** {@code y = conv(x, weights)}; groups follow from the channels. */
  void convolution(
      BackendDescriptor x,
      BackendDescriptor weights,
      BackendDescriptor y,
      int[] pad,
      int[] stride,
      int[] dilation) {
    BackendDescriptor of =
        make(Kind.CONVOLUTION)
            .set(CONVOLUTION_PRECISION, ValueType.DATA_TYPE, FLOAT)
            .set(CONVOLUTION_MODE, ValueType.CONVOLUTION_MODE, CROSS_CORRELATION)
            .set(CONVOLUTION_AXES, ValueType.INT64, pad.length)
            .set(CONVOLUTION_PADS_BEFORE, ValueType.INT64, longs(pad))
            .set(CONVOLUTION_PADS_AFTER, ValueType.INT64, longs(pad))
            .set(CONVOLUTION_STRIDES, ValueType.INT64, longs(stride))
            .set(CONVOLUTION_DILATIONS, ValueType.INT64, longs(dilation))
            .ready();
    operations.add(
        make(Kind.CONVOLUTION_OPERATION)
            .set(CONVOLUTION_OF, of)
            .set(CONVOLUTION_X, x)
            .set(CONVOLUTION_WEIGHTS, weights)
            .set(CONVOLUTION_Y, y)
            .setFloat(CONVOLUTION_ALPHA, 1)
            .setFloat(CONVOLUTION_BETA, 0)
            .ready());
  }

  private static long[] longs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  /** Reduces x over the axes in which y has one element. */
  void reduction(int operator, BackendDescriptor x, BackendDescriptor y) {
    operations.add(
        make(Kind.REDUCTION_OPERATION)
            .set(
                REDUCTION_OF,
                make(Kind.REDUCTION)
                    .set(REDUCTION_OPERATOR, ValueType.REDUCTION_OPERATOR, operator)
                    .set(REDUCTION_PRECISION, ValueType.DATA_TYPE, FLOAT)
                    .ready())
            .set(REDUCTION_X, x)
            .set(REDUCTION_Y, y)
            .ready());
  }

  /**
   * The graph of all operations so far.
   *
   * @throws DeviceFailure if cuDNN knows no such pattern
   */
  BackendDescriptor ready() {
    return make(Kind.GRAPH)
        .set(GRAPH_HANDLE, ValueType.HANDLE, site.gpu().handleAddress())
        .set(GRAPH_OPERATIONS, operations.toArray(BackendDescriptor[]::new))
        .ready();
  }

  /** The addresses of all tensors in one launch, and of the workspace now; the caller closes it. */
  BackendDescriptor pack(int launch) {
    return new BackendDescriptor(Kind.VARIANT_PACK, host)
        .set(PACK_IDS, ValueType.INT64, bound.stream().mapToLong(Bound::id).toArray())
        .set(
            PACK_POINTERS,
            ValueType.VOID_POINTER,
            bound.stream().mapToLong(tensor -> tensor.at(launch)).toArray())
        .set(PACK_WORKSPACE, ValueType.VOID_POINTER, site.workspace().address())
        .ready();
  }
}
