package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.DeviceMemory;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.execute.GraphPlans.GraphPlan;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Bound;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Operation;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Role;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongUnaryOperator;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import jcuda.Pointer;

/**
 * Tests by values whether a plan rounds float32 operands, which its notes need not say. Both
 * operands hold 1 everywhere, then 1 + 2^-12, which is 1 in TF32 (10 bits of mantissa), bfloat16
 * and float16: a plan that rounds has the same result twice.
 */
final class RoundingProbe {
  private static final float FINE = 1 + 0x1p-12f;
  private static final String WHAT = "a trial in fp32";

  private RoundingProbe() {}

  /**
   * Runs a plan twice, on separate memory.
   *
   * @param graph with one product or convolution; for others the notes are trusted
   * @return whether it rounds; a result of 0 shows nothing, and then a plan without notes counts as
   *     rounding
   */
  static boolean rounds(Gpu gpu, OperationGraph graph, GraphPlan plan) {
    List<Operation> products = graph.operations().stream().filter(Operation::isProduct).toList();
    List<Tensor> stored = graph.tensors().stream().filter(t -> t.role() == Role.STORED).toList();
    if (products.size() != 1 || stored.stream().anyMatch(t -> t.type() != OperationGraph.FLOAT)) {
      return false;
    }
    List<Tensor> operands = List.copyOf(products.get(0).tensors().values()).subList(0, 2);
    float[] results = results(gpu, graph, plan, stored, operands);
    return results[0] == 0 ? !plan.hasNotes() : results[0] == results[1];
  }

  /** An element of the result of operands that are all 1, and of such that are a little more. */
  private static float[] results(
      Gpu gpu, OperationGraph graph, GraphPlan plan, List<Tensor> stored, List<Tensor> operands) {
    Operation last = graph.operations().get(graph.operations().size() - 1);
    Tensor result = List.copyOf(last.tensors().values()).get(last.tensors().size() - 1);
    Map<Long, Long> places = new TreeMap<>();
    long bytes = 0;
    for (Tensor tensor : stored) {
      places.put(tensor.id(), bytes);
      bytes += ArenaLayout.aligned(extent(tensor) * Float.BYTES);
    }
    long operandBytes = bytes;
    float[] results = new float[2];
    try (ResourceStack owned = gpu.resources()) {
      DeviceMemory memory = owned.add(new DeviceMemory(operandBytes + plan.workspaceBytes(), WHAT));
      ToLongFunction<Bound> addresses =
          bound ->
              places.containsKey(bound.id())
                  ? memory.at(places.get(bound.id())).value()
                  : bound.address().applyAsLong(0);
      BackendDescriptor pack =
          owned.add(
              GraphLaunch.pack(gpu, graph.bound(), addresses, memory.at(operandBytes).value()));
      for (int i = 0; i < 2; i++) {
        memory.fill(0, operandBytes, 0, gpu.stream());
        for (Tensor operand : operands) {
          long at = places.getOrDefault(operand.id(), 0L);
          memory.fill(at, extent(operand) * Float.BYTES, i == 0 ? 1 : FINE, gpu.stream());
        }
        Status.cudnn(GraphLaunch.execute(gpu, plan, pack), GraphLaunch.CALL);
        gpu.stream().synchronize(WHAT);
        long at = places.getOrDefault(result.id(), 0L) + middle(result) * Float.BYTES;
        memory.download(at, Pointer.to(results).withByteOffset(4L * i), Float.BYTES);
      }
    }
    return results;
  }

  /** Elements from the first to the last. */
  private static long extent(Tensor tensor) {
    return 1 + place(tensor, dim -> dim - 1);
  }

  /** Index of an element that no padding reaches. */
  private static long middle(Tensor tensor) {
    return place(tensor, dim -> dim / 2);
  }

  /** The element at an index along each axis that depends on the axis's size. */
  private static long place(Tensor tensor, LongUnaryOperator index) {
    return IntStream.range(0, tensor.dims().size())
        .mapToLong(i -> index.applyAsLong(tensor.dims().get(i)) * tensor.strides().get(i))
        .sum();
  }
}
