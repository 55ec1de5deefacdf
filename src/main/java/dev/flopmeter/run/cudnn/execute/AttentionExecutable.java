package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.View;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

  static Executable prepare(Site site, AttentionWork work) {
    return work.reasonApart()
        .map(reason -> apart(site, work, reason))
        .orElseGet(
            () ->
                GraphExecutable.prepare(site, problem(work), reason -> apart(site, work, reason)));
  }

  /** Several launches as one, and why they are not one launch. */
  private record Series(List<Executable> parts, String reason, Closing owned)
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

  private static Executable apart(Site site, AttentionWork work, String reason) {
    Closing owned = new Closing();
    return PlainExecutables.guarded(
        owned,
        () ->
            new Series(
                work.apart().stream().map(part -> owned.add(site.prepare(part))).toList(),
                reason,
                owned));
  }

  private static GraphExecutable.Problem problem(AttentionWork work) {
    View added = work.added();
    String key =
        Stream.of(work.q(), work.keys(), work.values(), work.y())
            .map(AttentionExecutable::text)
            .collect(Collectors.joining(" ", "attention ", " "));
    return new GraphExecutable.Problem(
        "attention",
        key
            + (added == null ? "-" : text(added.ofRank(4)))
            + (work.scale() == 1 ? " -" : " scaled ")
            + (work.causal() == null ? "" : "causal" + work.causal().past() + " ")
            + work.q().storage().name(),
        true,
        1,
        null,
        graph -> addTo(graph, work));
  }

  private static String text(View view) {
    return (view.shape() + Arrays.toString(view.strides())).replace(" ", "");
  }

  private static void addTo(OperationGraph graph, AttentionWork work) {
    long[] scores = work.q().shape().with(3, work.keys().dim(3)).dims();
    long[] rows = work.q().shape().with(3, 1).dims();
    BackendDescriptor score = graph.virtual(OperationGraph.FLOAT, scores);
    graph.product(stored(graph, work.q()), stored(graph, work.keys()), score);
    if (work.scale() != 1) {
      BackendDescriptor scaled = graph.virtual(OperationGraph.FLOAT, scores);
      graph.pointwise(OperationGraph.MULTIPLY, score, graph.number(work.scale(), 4), scaled);
      score = scaled;
    }
    View added = work.added();
    if (added != null) {
      BackendDescriptor sum = graph.virtual(OperationGraph.FLOAT, scores);
      graph.pointwise(OperationGraph.ADD, score, stored(graph, added.ofRank(4)), sum);
      score = sum;
    }
    AttentionWork.Causal causal = work.causal();
    if (causal != null) {
      BackendDescriptor seen = graph.virtual(OperationGraph.FLOAT, scores);
      graph.lowerTriangle(score, scores, QUERIES, KEYS, causal.past(), seen);
      score = seen;
    }
    BackendDescriptor largest = graph.virtual(OperationGraph.FLOAT, rows);
    graph.reduction(OperationGraph.MAXIMUM, score, largest);
    BackendDescriptor shifted = graph.virtual(OperationGraph.FLOAT, scores);
    graph.pointwise(OperationGraph.SUBTRACT, score, largest, shifted);
    BackendDescriptor exponent = graph.virtual(OperationGraph.FLOAT, scores);
    graph.pointwise(OperationGraph.EXP, shifted, null, exponent);
    BackendDescriptor total = graph.virtual(OperationGraph.FLOAT, rows);
    graph.reduction(OperationGraph.SUM, exponent, total);
    // The statistics of a training pass, which nothing reads: cuDNN's flash engines look for them.
    BackendDescriptor logarithm = graph.virtual(OperationGraph.FLOAT, rows);
    graph.pointwise(OperationGraph.LOG, total, null, logarithm);
    BackendDescriptor statistics = graph.virtual(OperationGraph.FLOAT, rows);
    graph.pointwise(OperationGraph.ADD, largest, logarithm, statistics);
    BackendDescriptor shares = graph.virtual(work.q().storage().code(), scores);
    graph.pointwise(OperationGraph.DIVIDE, exponent, total, shares);
    graph.product(shares, stored(graph, work.values()), stored(graph, work.y()));
  }

  private static BackendDescriptor stored(OperationGraph graph, View view) {
    long[] dims = view.shape().dims();
    long[] strides = view.strides().clone();
    for (int i = dims.length - 1; i >= 0; i--) {
      if (dims[i] == 1) {
        // Any stride will do where there is one element; cuDNN wants none of 0.
        strides[i] = i == dims.length - 1 ? 1 : dims[i + 1] * strides[i + 1];
      }
    }
    return graph.stored(view, dims, strides);
  }
}
