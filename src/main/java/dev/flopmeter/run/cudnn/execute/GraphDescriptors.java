package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Operation;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Role;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes cuDNN's descriptors of an {@link OperationGraph}. */
final class GraphDescriptors {
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

  BackendDescriptor make(String kind) {
    return owned.add(gpu.descriptor(kind));
  }

  /**
   * The finished graph.
   *
   * @throws DeviceFailure if cuDNN knows no such pattern
   */
  BackendDescriptor graph(OperationGraph graph) {
    List<BackendDescriptor> operations = graph.operations().stream().map(this::operation).toList();
    return make("graph").set("handle", gpu.handleAddress()).set("operations", operations).ready();
  }

  private BackendDescriptor operation(Operation operation) {
    BackendDescriptor what = make(operation.what());
    operation.settings().forEach((attribute, values) -> what.set(attribute, array(values)));
    BackendDescriptor made =
        operation.what().equals(operation.kind())
            ? what
            : make(operation.kind()).set("what", List.of(what.ready()));
    operation
        .tensors()
        .forEach((attribute, tensor) -> made.set(attribute, List.of(descriptor(tensor))));
    if (operation.what().equals("convolution")) {
      made.set("alpha", Float.floatToRawIntBits(1)).set("beta", 0);
    }
    return made.ready();
  }

  private BackendDescriptor descriptor(Tensor tensor) {
    // No computeIfAbsent: making one may fail, and then none must be noted.
    BackendDescriptor known = tensors.get(tensor);
    if (known != null) {
      return known;
    }
    BackendDescriptor made =
        make("tensor")
            .set("id", tensor.id())
            .set("type", tensor.type())
            .set("dimensions", array(tensor.dims()))
            .set("strides", array(tensor.strides()))
            .set("alignment", tensor.alignment());
    if (tensor.role() != Role.STORED) {
      made.set(tensor.role() == Role.VIRTUAL ? "is virtual" : "is number", 1);
    }
    tensors.put(tensor, made.ready());
    return made;
  }

  private static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
