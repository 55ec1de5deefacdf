package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.DeviceMemory;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.HostBlock;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Operation;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Role;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/**
 * Finds out by numbers whether a plan rounds float32 operands, which its notes need not tell. Both
 * operands hold 1 everywhere, then 1 + 2^-12, which is 1 in TF32 (10 bits of mantissa), bfloat16
 * and float16: a plan that rounds has the same result twice.
 */
final class RoundingProbe {
  private static final float FINE = 1 + 0x1p-12f;
  private static final long ALIGNMENT = 256;
  private static final long HOST_BYTES = 1024;

  private RoundingProbe() {}

  /**
   * Runs a plan twice, on memory of its own.
   *
   * @param graph with one product or convolution; of others the notes are taken at their word
   * @return whether it rounds; a result of 0 shows nothing, and then a plan without notes may
   */
  static boolean rounds(Gpu gpu, OperationGraph graph, GraphPlan plan) {
    List<Operation> products = graph.operations().stream().filter(Operation::isProduct).toList();
    List<Tensor> stored = graph.tensors().stream().filter(t -> t.role() == Role.STORED).toList();
    if (products.size() != 1 || stored.stream().anyMatch(t -> t.type() != OperationGraph.FLOAT)) {
      return false;
    }
    Tensor result = graph.operations().get(graph.operations().size() - 1).result();
    Map<Long, Long> places = new TreeMap<>();
    long bytes = 0;
    for (Tensor tensor : stored) {
      places.put(tensor.id(), bytes);
      bytes += (extent(tensor) * Float.BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    long operandBytes = bytes;
    ResourceStack owned = new ResourceStack();
    float[] results =
        owned.guarding(
            () -> {
              DeviceMemory memory =
                  owned.add(
                      new DeviceMemory(operandBytes + plan.workspaceBytes(), "a trial in fp32"));
              BackendDescriptor pack =
                  owned.add(
                      GraphLaunch.pack(
                          owned.add(new HostBlock(HOST_BYTES)),
                          graph.bound(),
                          (bound, view) -> memory.at(places.getOrDefault(bound.id(), 0L)).value(),
                          memory.at(operandBytes).value()));
              float[] found = new float[2];
              for (int i = 0; i < 2; i++) {
                fill(gpu, memory, 0, operandBytes, 0);
                for (Tensor operand : products.get(0).operands()) {
                  long at = places.getOrDefault(operand.id(), 0L);
                  fill(gpu, memory, at, extent(operand) * Float.BYTES, i == 0 ? 1 : FINE);
                }
                Status.cudnn(GraphLaunch.execute(gpu, plan, pack), GraphStep.CALL);
                gpu.stream().synchronize("a trial in fp32");
                long at = places.getOrDefault(result.id(), 0L) + middle(result) * Float.BYTES;
                memory.download(at, Pointer.to(found).withByteOffset(4L * i), Float.BYTES);
              }
              return found;
            });
    owned.close();
    return results[0] == 0 ? !plan.engine().hasNotes() : results[0] == results[1];
  }

  private static void fill(Gpu gpu, DeviceMemory memory, long at, long bytes, float value) {
    Status.cuda(
        JCudaDriver.cuMemsetD32Async(
            memory.at(at),
            Float.floatToRawIntBits(value),
            bytes / Float.BYTES,
            gpu.stream().handle()),
        "cuMemsetD32Async");
  }

  /** Elements from the first to the last. */
  private static long extent(Tensor tensor) {
    long last = 0;
    for (int i = 0; i < tensor.dims().size(); i++) {
      last += (tensor.dims().get(i) - 1) * tensor.strides().get(i);
    }
    return last + 1;
  }

  /** Index of an element that no padding reaches. */
  private static long middle(Tensor tensor) {
    long index = 0;
    for (int i = 0; i < tensor.dims().size(); i++) {
      index += tensor.dims().get(i) / 2 * tensor.strides().get(i);
    }
    return index;
  }
}
