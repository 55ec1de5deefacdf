package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.plan.Storage;
import dev.flopmeter.run.cudnn.plan.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A graph of cuDNN's graph API as it grows: tensors in memory, virtual ones between two operations,
 * numbers, and the operations. All arithmetic is in float32. The numbers are those of cuDNN 9's
 * {@code cudnn_graph.h}.
 */
final class OperationGraph {
  // cudnnPointwiseMode_t
  static final int ADD = 0;
  static final int MULTIPLY = 1;
  static final int DIVIDE = 6;
  static final int SUBTRACT = 9;
  static final int EXP = 13;

  // cudnnReduceTensorOp_t
  static final int SUM = 0;
  static final int MAXIMUM = 3;

  // cudnnBackendAttributeName_t
  private static final int POINTWISE_MODE = 0;
  private static final int POINTWISE_PRECISION = 1;
  private static final int POINTWISE_OF = 750;
  private static final int POINTWISE_X = 751;
  private static final int POINTWISE_B = 752;
  private static final int POINTWISE_Y = 753;
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

  /** Enough for the attributes of any one call; the graph's number lies behind them. */
  private static final int NUMBER_AT = 1016;

  private static final long HOST_BYTES = 1024;
  private static final long MOST_ALIGNED = 16;

  /** A tensor in memory: its name within the graph and where it lies. */
  private record Bound(long id, long address) {}

  private final Site site;
  private final Closing owned;
  private final HostBlock host;
  private final List<BackendDescriptor> operations = new ArrayList<>();
  private final List<Bound> bound = new ArrayList<>();
  private long tensors;

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

  /** A tensor that lies in memory as {@code view} does, seen with these dimensions and strides. */
  BackendDescriptor stored(View view, long[] dims, long[] strides) {
    long address = site.address(view).value();
    long alignment = Math.min(MOST_ALIGNED, Long.lowestOneBit(address));
    bound.add(new Bound(tensors + 1, address));
    return tensor(view.storage(), dims, strides, alignment).ready();
  }

  /** A tensor that only passes from one operation to the next, packed. */
  BackendDescriptor virtual(Storage storage, long[] dims) {
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= dims[i];
    }
    return tensor(storage, dims, strides, MOST_ALIGNED)
        .set(TENSOR_IS_VIRTUAL, ValueType.BOOLEAN, 1)
        .ready();
  }

  /** A number that the operations take by value; a graph has one at most. */
  BackendDescriptor number(double value, int rank) {
    host.bytes().putFloat(NUMBER_AT, (float) value);
    bound.add(new Bound(tensors + 1, host.address() + NUMBER_AT));
    long[] ones = new long[rank];
    Arrays.fill(ones, 1);
    return tensor(Storage.F32, ones, ones, Storage.F32.bytes())
        .set(TENSOR_IS_BY_VALUE, ValueType.BOOLEAN, 1)
        .ready();
  }

  private BackendDescriptor tensor(Storage storage, long[] dims, long[] strides, long alignment) {
    return make(Kind.TENSOR)
        .set(TENSOR_ID, ValueType.INT64, ++tensors)
        .set(TENSOR_TYPE, ValueType.DATA_TYPE, storage.code())
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
                make(Kind.PRODUCT)
                    .set(PRODUCT_PRECISION, ValueType.DATA_TYPE, Storage.F32.code())
                    .ready())
            .ready());
  }

  /** {@code y = mode(x, b)}, b repeated to y's shape, or {@code mode(x)}. */
  void pointwise(
      int mode, BackendDescriptor x, @Nullable BackendDescriptor b, BackendDescriptor y) {
    BackendDescriptor operation =
        make(Kind.POINTWISE_OPERATION)
            .set(
                POINTWISE_OF,
                make(Kind.POINTWISE)
                    .set(POINTWISE_MODE, ValueType.POINTWISE_MODE, mode)
                    .set(POINTWISE_PRECISION, ValueType.DATA_TYPE, Storage.F32.code())
                    .ready())
            .set(POINTWISE_X, x)
            .set(POINTWISE_Y, y);
    operations.add((b == null ? operation : operation.set(POINTWISE_B, b)).ready());
  }

  /** Reduces x over the axes in which y has one element. */
  void reduction(int operator, BackendDescriptor x, BackendDescriptor y) {
    operations.add(
        make(Kind.REDUCTION_OPERATION)
            .set(
                REDUCTION_OF,
                make(Kind.REDUCTION)
                    .set(REDUCTION_OPERATOR, ValueType.REDUCTION_OPERATOR, operator)
                    .set(REDUCTION_PRECISION, ValueType.DATA_TYPE, Storage.F32.code())
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

  /** Where all tensors lie, and the workspace as it lies now; the caller closes it. */
  BackendDescriptor pack() {
    return new BackendDescriptor(Kind.VARIANT_PACK, host)
        .set(PACK_IDS, ValueType.INT64, bound.stream().mapToLong(Bound::id).toArray())
        .set(
            PACK_POINTERS,
            ValueType.VOID_POINTER,
            bound.stream().mapToLong(Bound::address).toArray())
        .set(PACK_WORKSPACE, ValueType.VOID_POINTER, site.workspace().address())
        .ready();
  }
}
