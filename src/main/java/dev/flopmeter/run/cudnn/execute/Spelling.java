package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.GraphWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.NormalizationWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.List;
import java.util.function.Consumer;

/**
 * One way to write a work as a graph.
 *
 * @param name for people
 * @param isRival whether it is tried even if cuDNN offers an earlier way, which may be slow
 * @param launches how often the graph is launched, each time at other addresses; 0 without one
 * @param operations adds the operations to a graph
 * @param after our kernels that do the rest
 */
record Spelling(
    String name,
    boolean isRival,
    int launches,
    Consumer<OperationGraph> operations,
    List<KernelWork> after) {
  // Axes of the scores
  private static final int QUERIES = 2;
  private static final int KEYS = 3;

  Spelling(String name, Consumer<OperationGraph> operations) {
    this(name, false, 1, operations, List.of());
  }

  /** The ways to write a work, the best first. */
  static List<Spelling> all(GraphWork work) {
    if (work instanceof ConvolutionWork convolution) {
      return ConvolutionSpelling.all(convolution);
    }
    if (work instanceof ProductWork product) {
      return product.batched().map(batched -> product(batched, product.alpha())).stream().toList();
    }
    if (work instanceof NormalizationWork normalization) {
      KernelWork own = normalization.own();
      return List.of(
          new Spelling("graph normalization", graph -> graph.normalization(normalization)),
          // Without cuDNN: a search times it together with cuDNN's engines.
          new Spelling(own.kernel(), true, 0, graph -> {}, List.of(own)));
    }
    return List.of(
        work instanceof PoolingWork pooling
            ? new Spelling("graph pooling", graph -> graph.resample(pooling))
            : new Spelling("graph attention", graph -> addAttention(graph, (AttentionWork) work)));
  }

  private static Spelling product(ProductWork.Batched product, double alpha) {
    return new Spelling(
        "graph matmul",
        false,
        product.launches(),
        graph -> addProduct(graph, product, alpha),
        List.of());
  }

  private static void addProduct(OperationGraph graph, ProductWork.Batched product, double alpha) {
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
    graph.pointwise("MULTIPLY", unscaled, graph.number(alpha, dims.length), y);
  }

  private static Tensor stored(OperationGraph graph, ProductWork.Operand operand) {
    return graph.stored(operand.view(), operand.dims(), operand.strides(), operand.shifts());
  }

  /**
   * Attention with its softmax spelled out as the fused engine wants it (developer guide,
   * "Mha-fprop fusions"): the scores then never reach memory.
   */
  private static void addAttention(OperationGraph graph, AttentionWork work) {
    long[] scores = work.q().shape().with(3, work.keys().dim(3)).dims();
    long[] rows = work.q().shape().with(3, 1).dims();
    Tensor score = graph.virtual(OperationGraph.FLOAT, scores);
    graph.product(graph.stored(work.q()), graph.stored(work.keys()), score);
    if (work.scale() != 1) {
      score = graph.pointwise("MULTIPLY", score, graph.number(work.scale(), 4), scores);
    }
    TensorView added = work.added();
    if (added != null) {
      score = graph.pointwise("ADD", score, graph.stored(added.ofRank(4)), scores);
    }
    AttentionWork.Causal causal = work.causal();
    if (causal != null) {
      score = graph.lowerTriangle(score, scores, QUERIES, KEYS, causal.past());
    }
    Tensor largest = graph.reduction("MAXIMUM", score, rows);
    Tensor shifted = graph.pointwise("SUBTRACT", score, largest, scores);
    Tensor exponent = graph.pointwise("EXP", shifted, null, scores);
    Tensor total = graph.reduction("SUM", exponent, rows);
    // The statistics of a training pass, which nothing reads: cuDNN's flash engines look for them.
    Tensor logarithm = graph.pointwise("LOG", total, null, rows);
    graph.pointwise("ADD", largest, logarithm, rows);
    Tensor shares = graph.virtual(work.q().storage().code(), scores);
    graph.pointwise("DIVIDE", exponent, total, shares);
    graph.product(shares, graph.stored(work.values()), graph.stored(work.y()));
  }
}
