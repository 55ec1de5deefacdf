package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.Storage;
import dev.flopmeter.run.cudnn.plan.View;
import java.util.Arrays;

/** A batched matrix product by cuDNN's graph API. What that does not offer our own kernel does. */
final class ProductExecutable {
  private ProductExecutable() {}

  static Executable prepare(Site site, ProductWork work) {
    return work.isForCudnn()
        ? GraphExecutable.prepare(
            site, problem(work), () -> new KernelExecutable(site, work.kernel()))
        : new KernelExecutable(site, work.kernel());
  }

  private static GraphExecutable.Problem problem(ProductWork work) {
    boolean isScaled = work.alpha() != 1;
    String key =
        String.join(
            " ",
            "product",
            text(work.left()),
            text(work.right()),
            text(work.result()),
            work.y().storage().name(),
            isScaled ? "scaled" : "-");
    return new GraphExecutable.Problem(
        "matmul", key, isScaled, graph -> addTo(graph, work, isScaled));
  }

  private static String text(ProductWork.Operand operand) {
    return (Arrays.toString(operand.dims()) + Arrays.toString(operand.strides())).replace(" ", "");
  }

  private static void addTo(OperationGraph graph, ProductWork work, boolean isScaled) {
    BackendDescriptor a = stored(graph, work.a(), work.left());
    BackendDescriptor b = stored(graph, work.b(), work.right());
    BackendDescriptor y = stored(graph, work.y(), work.result());
    if (!isScaled) {
      graph.product(a, b, y);
      return;
    }
    long[] dims = work.result().dims();
    BackendDescriptor unscaled = graph.virtual(Storage.F32, dims);
    graph.product(a, b, unscaled);
    graph.pointwise(OperationGraph.MULTIPLY, unscaled, graph.number(work.alpha(), dims.length), y);
  }

  private static BackendDescriptor stored(
      OperationGraph graph, View view, ProductWork.Operand operand) {
    return graph.stored(view, operand.dims(), operand.strides());
  }
}
