package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import java.util.List;

/** A batched matrix product by cuDNN's graph API. What that does not offer our own kernel does. */
final class ProductExecutable {
  private ProductExecutable() {}

  static Executable prepare(PreparationContext context, ProductWork work) {
    return work.batched()
        .map(
            batched ->
                GraphStep.prepare(
                    context,
                    null,
                    List.of(spelling(batched, work.alpha())),
                    reason -> new KernelExecutable(context, work.kernel())))
        .orElseGet(() -> new KernelExecutable(context, work.kernel()));
  }

  private static GraphStep.Spelling spelling(ProductWork.Batched product, double alpha) {
    return new GraphStep.Spelling(
        "graph matmul",
        false,
        product.launches(),
        graph -> addTo(graph, product, alpha),
        List.of());
  }

  private static void addTo(OperationGraph graph, ProductWork.Batched product, double alpha) {
    Tensor a = stored(graph, product.a());
    Tensor b = stored(graph, product.b());
    Tensor y = stored(graph, product.y());
    if (alpha == 1) {
      graph.product(a, b, y);
      return;
    }
    long[] dims = product.y().dims();
    Tensor unscaled = graph.virtual(OperationGraph.FLOAT, dims);
    graph.product(a, b, unscaled);
    graph.pointwise(OperationGraph.MULTIPLY, unscaled, graph.number(alpha, dims.length), y);
  }

  private static Tensor stored(OperationGraph graph, ProductWork.Operand operand) {
    long bytes = operand.view().storage().bytes();
    return graph.stored(
        operand.view(),
        operand.dims(),
        operand.strides(),
        operand.shifts().length,
        launch -> bytes * operand.shifts()[(int) launch]);
  }
}
