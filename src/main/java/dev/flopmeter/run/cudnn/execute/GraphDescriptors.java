package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Role;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes cuDNN's descriptors of an {@link OperationGraph}. The numbers are those of cuDNN 9's {@code
 * cudnn_graph.h}.
 */
final class GraphDescriptors {
  private static final int FLOAT = OperationGraph.FLOAT;
  private static final int CROSS_CORRELATION = 1;

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
  private static final int FORWARD_ALPHA = 700;
  private static final int FORWARD_BETA = 701;
  private static final int FORWARD_OF = 702;
  private static final int FORWARD_WEIGHTS = 703;
  private static final int FORWARD_X = 704;
  private static final int FORWARD_Y = 705;
  private static final int BACKWARD_ALPHA = 706;
  private static final int BACKWARD_BETA = 707;
  private static final int BACKWARD_OF = 708;
  private static final int BACKWARD_WEIGHTS = 709;
  private static final int BACKWARD_X = 710;
  private static final int BACKWARD_Y = 711;
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

  private static final int RESAMPLE_MODE = 1700;
  private static final int RESAMPLE_PRECISION = 1701;
  private static final int RESAMPLE_AXES = 1702;
  private static final int RESAMPLE_PADS_AFTER = 1703;
  private static final int RESAMPLE_PADS_BEFORE = 1704;
  private static final int RESAMPLE_STRIDES = 1705;
  private static final int RESAMPLE_WINDOW = 1706;
  private static final int RESAMPLE_PADDING = 1708;
  private static final int RESAMPLE_X = 1710;
  private static final int RESAMPLE_Y = 1711;
  private static final int RESAMPLE_OF = 1716;

  // cudnnPaddingMode_t
  private static final int PADDED_WITH_ZEROS = 0;
  private static final int PADDED_WITH_LEAST = 1;

  private final ResourceStack owned;
  private final HostBlock host;
  private final Map<Tensor, BackendDescriptor> tensors = new HashMap<>();

  /**
   * @param owned what this makes is closed with it
   * @param host through which attributes pass
   */
  GraphDescriptors(ResourceStack owned, HostBlock host) {
    this.owned = owned;
    this.host = host;
  }

  BackendDescriptor make(Kind kind) {
    return owned.add(new BackendDescriptor(kind, host));
  }

  /**
   * The finished graph.
   *
   * @throws DeviceFailure if cuDNN knows no such pattern
   */
  BackendDescriptor graph(OperationGraph graph, long handle) {
    BackendDescriptor[] operations =
        graph.operations().stream().map(this::operation).toArray(BackendDescriptor[]::new);
    return make(Kind.GRAPH)
        .set(GRAPH_HANDLE, ValueType.HANDLE, handle)
        .set(GRAPH_OPERATIONS, operations)
        .ready();
  }

  private BackendDescriptor operation(OperationGraph.Operation operation) {
    if (operation instanceof OperationGraph.Product product) {
      return product(product);
    }
    if (operation instanceof OperationGraph.Pointwise pointwise) {
      return pointwise(pointwise);
    }
    if (operation instanceof OperationGraph.Reduction reduction) {
      return reduction(reduction);
    }
    if (operation instanceof OperationGraph.Convolution convolution) {
      return convolution(convolution);
    }
    if (operation instanceof OperationGraph.Resample resample) {
      return resample(resample);
    }
    throw new IllegalStateException("no descriptor is known for " + operation);
  }

  private BackendDescriptor product(OperationGraph.Product product) {
    BackendDescriptor of =
        make(Kind.PRODUCT).set(PRODUCT_PRECISION, ValueType.DATA_TYPE, FLOAT).ready();
    return make(Kind.PRODUCT_OPERATION)
        .set(PRODUCT_A, tensor(product.a()))
        .set(PRODUCT_B, tensor(product.b()))
        .set(PRODUCT_C, tensor(product.c()))
        .set(PRODUCT_OF, of)
        .ready();
  }

  private BackendDescriptor pointwise(OperationGraph.Pointwise pointwise) {
    BackendDescriptor of =
        make(Kind.POINTWISE)
            .set(POINTWISE_MODE, ValueType.POINTWISE_MODE, pointwise.mode())
            .set(POINTWISE_PRECISION, ValueType.DATA_TYPE, pointwise.precision());
    if (pointwise.axis() >= 0) {
      of.set(POINTWISE_AXIS, ValueType.INT64, pointwise.axis());
    }
    BackendDescriptor operation =
        make(Kind.POINTWISE_OPERATION)
            .set(POINTWISE_OF, of.ready())
            .set(POINTWISE_X, tensor(pointwise.x()))
            .set(POINTWISE_Y, tensor(pointwise.y()));
    if (pointwise.b() != null) {
      operation.set(POINTWISE_B, tensor(pointwise.b()));
    }
    if (pointwise.condition() != null) {
      operation.set(POINTWISE_CONDITION, tensor(pointwise.condition()));
    }
    return operation.ready();
  }

  private BackendDescriptor reduction(OperationGraph.Reduction reduction) {
    BackendDescriptor of =
        make(Kind.REDUCTION)
            .set(REDUCTION_OPERATOR, ValueType.REDUCTION_OPERATOR, reduction.operator())
            .set(REDUCTION_PRECISION, ValueType.DATA_TYPE, FLOAT)
            .ready();
    return make(Kind.REDUCTION_OPERATION)
        .set(REDUCTION_OF, of)
        .set(REDUCTION_X, tensor(reduction.x()))
        .set(REDUCTION_Y, tensor(reduction.y()))
        .ready();
  }

  private BackendDescriptor convolution(OperationGraph.Convolution convolution) {
    BackendDescriptor of =
        make(Kind.CONVOLUTION)
            .set(
                CONVOLUTION_PRECISION,
                ValueType.DATA_TYPE,
                convolution.x().type() == OperationGraph.INT8 ? OperationGraph.INT32 : FLOAT)
            .set(CONVOLUTION_MODE, ValueType.CONVOLUTION_MODE, CROSS_CORRELATION)
            .set(CONVOLUTION_AXES, ValueType.INT64, convolution.pad().size())
            .set(CONVOLUTION_PADS_BEFORE, ValueType.INT64, array(convolution.pad()))
            .set(CONVOLUTION_PADS_AFTER, ValueType.INT64, array(convolution.pad()))
            .set(CONVOLUTION_STRIDES, ValueType.INT64, array(convolution.stride()))
            .set(CONVOLUTION_DILATIONS, ValueType.INT64, array(convolution.dilation()))
            .ready();
    boolean isBackward = convolution.isBackward();
    return make(isBackward ? Kind.BACKWARD_DATA_OPERATION : Kind.CONVOLUTION_OPERATION)
        .set(isBackward ? BACKWARD_OF : FORWARD_OF, of)
        .set(isBackward ? BACKWARD_X : FORWARD_X, tensor(convolution.x()))
        .set(isBackward ? BACKWARD_WEIGHTS : FORWARD_WEIGHTS, tensor(convolution.weights()))
        .set(isBackward ? BACKWARD_Y : FORWARD_Y, tensor(convolution.y()))
        .setFloat(isBackward ? BACKWARD_ALPHA : FORWARD_ALPHA, 1)
        .setFloat(isBackward ? BACKWARD_BETA : FORWARD_BETA, 0)
        .ready();
  }

  private BackendDescriptor resample(OperationGraph.Resample resample) {
    boolean isMax = resample.mode() == OperationGraph.LARGEST_OF_WINDOW;
    BackendDescriptor of =
        make(Kind.RESAMPLE)
            .set(RESAMPLE_MODE, ValueType.RESAMPLE_MODE, resample.mode())
            .set(RESAMPLE_PRECISION, ValueType.DATA_TYPE, FLOAT)
            .set(RESAMPLE_AXES, ValueType.INT64, resample.window().size())
            .set(RESAMPLE_PADS_AFTER, ValueType.INT64, array(resample.pad()))
            .set(RESAMPLE_PADS_BEFORE, ValueType.INT64, array(resample.pad()))
            .set(RESAMPLE_STRIDES, ValueType.INT64, array(resample.stride()))
            .set(RESAMPLE_WINDOW, ValueType.INT64, array(resample.window()))
            .set(
                RESAMPLE_PADDING,
                ValueType.PADDING_MODE,
                isMax ? PADDED_WITH_LEAST : PADDED_WITH_ZEROS)
            .ready();
    return make(Kind.RESAMPLE_OPERATION)
        .set(RESAMPLE_OF, of)
        .set(RESAMPLE_X, tensor(resample.x()))
        .set(RESAMPLE_Y, tensor(resample.y()))
        .ready();
  }

  private BackendDescriptor tensor(Tensor tensor) {
    // No computeIfAbsent: making one may fail, and then none must be noted.
    BackendDescriptor known = tensors.get(tensor);
    if (known != null) {
      return known;
    }
    BackendDescriptor made =
        make(Kind.TENSOR)
            .set(TENSOR_ID, ValueType.INT64, tensor.id())
            .set(TENSOR_TYPE, ValueType.DATA_TYPE, tensor.type())
            .set(TENSOR_DIMENSIONS, ValueType.INT64, array(tensor.dims()))
            .set(TENSOR_STRIDES, ValueType.INT64, array(tensor.strides()))
            .set(TENSOR_ALIGNMENT, ValueType.INT64, tensor.alignment());
    if (tensor.role() == Role.VIRTUAL) {
      made.set(TENSOR_IS_VIRTUAL, ValueType.BOOLEAN, 1);
    }
    if (tensor.role() == Role.NUMBER) {
      made.set(TENSOR_IS_BY_VALUE, ValueType.BOOLEAN, 1);
    }
    tensors.put(tensor, made.ready());
    return made;
  }

  private static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
