package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import java.util.Arrays;

/** A batched matrix product by cuDNN's graph API. What that does not offer our own kernel does. */
final class ProductExecutable {
  private ProductExecutable() {}

  static Executable prepare(Site site, ProductWork work) {
    return work.batched()
        .map(
            batched ->
                GraphExecutable.prepare(
                    site,
                    problem(batched, work.alpha()),
                    reason -> new KernelExecutable(site, work.kernel())))
        .orElseGet(() -> new KernelExecutable(site, work.kernel()));
  }

  private static GraphExecutable.Problem problem(ProductWork.Batched product, double alpha) {
    boolean isScaled = alpha != 1;
    String key =
        String.join(
            " ",
            "product",
            text(product.a()),
            text(product.b()),
            text(product.y()),
            product.y().view().storage().name(),
            isScaled ? "scaled" : "-",
            "x" + product.launches());
    return new GraphExecutable.Problem(
        "matmul", key, isScaled, product.launches(), null, graph -> addTo(graph, product, alpha));
  }

  private static String text(ProductWork.Operand operand) {
    return (Arrays.toString(operand.dims()) + Arrays.toString(operand.strides())).replace(" ", "");
  }

  private static void addTo(OperationGraph graph, ProductWork.Batched product, double alpha) {
    BackendDescriptor a = stored(graph, product.a());
    BackendDescriptor b = stored(graph, product.b());
    BackendDescriptor y = stored(graph, product.y());
    if (alpha == 1) {
      graph.product(a, b, y);
      return;
    }
    long[] dims = product.y().dims();
    BackendDescriptor unscaled = graph.virtual(OperationGraph.FLOAT, dims);
    graph.product(a, b, unscaled);
    graph.pointwise(OperationGraph.MULTIPLY, unscaled, graph.number(alpha, dims.length), y);
  }

  private static BackendDescriptor stored(OperationGraph graph, ProductWork.Operand operand) {
    long bytes = operand.view().storage().bytes();
    return graph.stored(
        operand.view(),
        operand.dims(),
        operand.strides(),
        operand.shifts().length,
        launch -> bytes * operand.shifts()[(int) launch]);
  }
}
