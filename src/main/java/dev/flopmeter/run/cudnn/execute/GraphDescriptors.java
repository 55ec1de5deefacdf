package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor.ValueType;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Gpu;
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
  // cudnnBackendAttributeName_t
  private static final int GRAPH_HANDLE = 800;
  private static final int GRAPH_OPERATIONS = 801;
  private static final int TENSOR_ALIGNMENT = 900;
  private static final int TENSOR_TYPE = 901;
  private static final int TENSOR_DIMENSIONS = 902;
  private static final int TENSOR_STRIDES = 903;
  private static final int TENSOR_ID = 906;
  private static final int TENSOR_IS_VIRTUAL = 907;
  private static final int TENSOR_IS_BY_VALUE = 908;

  private final Gpu gpu;
  private final ResourceStack owned;
  private final Map<Tensor, BackendDescriptor> tensors = new HashMap<>();

  /**
   * @param owned what this makes is closed with it
   */
  GraphDescriptors(Gpu gpu, ResourceStack owned) {
    this.gpu = gpu;
    this.owned = owned;
  }

  BackendDescriptor make(Kind kind) {
    return owned.add(gpu.descriptor(kind));
  }

  /**
   * The finished graph.
   *
   * @throws DeviceFailure if cuDNN knows no such pattern
   */
  BackendDescriptor graph(OperationGraph graph) {
    BackendDescriptor[] operations =
        graph.operations().stream().map(this::operation).toArray(BackendDescriptor[]::new);
    return make(Kind.GRAPH)
        .set(GRAPH_HANDLE, ValueType.HANDLE, gpu.handleAddress())
        .set(GRAPH_OPERATIONS, operations)
        .ready();
  }

  private BackendDescriptor operation(OperationGraph.Operation operation) {
    OperationGraph.Operator operator = operation.operator();
    BackendDescriptor what = make(operator.what());
    for (OperationGraph.Setting setting : operation.what()) {
      what.set(setting.attribute(), setting.type(), array(setting.values()));
    }
    BackendDescriptor made =
        operator.what() == operator.operation()
            ? what
            : make(operator.operation()).set(operator.join(), what.ready());
    for (int i = 0; i < operation.tensors().size(); i++) {
      Tensor tensor = operation.tensors().get(i);
      if (tensor != null) {
        made.set(operator.tensors().get(i), tensor(tensor));
      }
    }
    if (operator.scale() != 0) {
      made.set(operator.scale(), ValueType.FLOAT, Float.floatToRawIntBits(1));
      made.set(operator.scale() + 1, ValueType.FLOAT, 0);
    }
    return made.ready();
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
