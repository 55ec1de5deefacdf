package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.List;

/**
 * Attention by cuDNN's graph API, its softmax spelled out as the fused engine wants it (developer
 * guide, "Mha-fprop fusions"): the scores then never reach memory. What cuDNN does not offer runs
 * step by step.
 */
final class AttentionExecutable {
  // Axes of the scores
  private static final int QUERIES = 2;
  private static final int KEYS = 3;

  private AttentionExecutable() {}

  static Executable prepare(PreparationContext context, AttentionWork work) {
    return work.reasonApart()
        .map(reason -> apart(context, work, reason))
        .orElseGet(
            () ->
                GraphStep.prepare(
                    context,
                    null,
                    List.of(new GraphStep.Spelling("graph attention", graph -> addTo(graph, work))),
                    reason -> apart(context, work, reason)));
  }

  /** Several launches as one, and why they are not one launch. */
  private record Series(List<Executable> parts, String reason, ResourceStack owned)
      implements Executable {
    @Override
    public void enqueue() {
      parts.forEach(Executable::enqueue);
    }

    @Override
    public KernelInfo kernel() {
      KernelInfo joined = PreparedStep.joined(parts.stream().map(Executable::kernel).toList());
      return new KernelInfo(
          "not fused (" + reason + "): " + joined.algorithm(),
          joined.layout(),
          joined.math(),
          joined.workspaceBytes());
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  private static Executable apart(PreparationContext context, AttentionWork work, String reason) {
    ResourceStack owned = new ResourceStack();
    return owned.guarding(
        () ->
            new Series(
                work.apart().stream().map(part -> owned.add(context.prepare(part))).toList(),
                reason,
                owned));
  }

  private static void addTo(OperationGraph graph, AttentionWork work) {
    long[] scores = work.q().shape().with(3, work.keys().dim(3)).dims();
    long[] rows = work.q().shape().with(3, 1).dims();
    Tensor score = graph.virtual(OperationGraph.FLOAT, scores);
    graph.product(graph.stored(work.q()), graph.stored(work.keys()), score);
    if (work.scale() != 1) {
      Tensor scaled = graph.virtual(OperationGraph.FLOAT, scores);
      graph.pointwise(OperationGraph.MULTIPLY, score, graph.number(work.scale(), 4), scaled);
      score = scaled;
    }
    TensorView added = work.added();
    if (added != null) {
      Tensor sum = graph.virtual(OperationGraph.FLOAT, scores);
      graph.pointwise(OperationGraph.ADD, score, graph.stored(added.ofRank(4)), sum);
      score = sum;
    }
    AttentionWork.Causal causal = work.causal();
    if (causal != null) {
      Tensor seen = graph.virtual(OperationGraph.FLOAT, scores);
      graph.lowerTriangle(score, scores, QUERIES, KEYS, causal.past(), seen);
      score = seen;
    }
    Tensor largest = graph.virtual(OperationGraph.FLOAT, rows);
    graph.reduction(OperationGraph.MAXIMUM, score, largest);
    Tensor shifted = graph.virtual(OperationGraph.FLOAT, scores);
    graph.pointwise(OperationGraph.SUBTRACT, score, largest, shifted);
    Tensor exponent = graph.virtual(OperationGraph.FLOAT, scores);
    graph.pointwise(OperationGraph.EXP, shifted, null, exponent);
    Tensor total = graph.virtual(OperationGraph.FLOAT, rows);
    graph.reduction(OperationGraph.SUM, exponent, total);
    // The statistics of a training pass, which nothing reads: cuDNN's flash engines look for them.
    Tensor logarithm = graph.virtual(OperationGraph.FLOAT, rows);
    graph.pointwise(OperationGraph.LOG, total, null, logarithm);
    Tensor statistics = graph.virtual(OperationGraph.FLOAT, rows);
    graph.pointwise(OperationGraph.ADD, largest, logarithm, statistics);
    Tensor shares = graph.virtual(work.q().storage().code(), scores);
    graph.pointwise(OperationGraph.DIVIDE, exponent, total, shares);
    graph.product(shares, graph.stored(work.values()), graph.stored(work.y()));
  }
}
