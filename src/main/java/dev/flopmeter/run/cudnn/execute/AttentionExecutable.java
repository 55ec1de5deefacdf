package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Storage;
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
  private AttentionExecutable() {}

  static Executable prepare(Site site, AttentionWork work) {
    return work.isForCudnn()
        ? GraphExecutable.prepare(site, problem(work), () -> apart(site, work))
        : apart(site, work);
  }

  /** Several launches as one. */
  private record Series(List<Executable> parts, Closing owned) implements Executable {
    @Override
    public void enqueue() {
      parts.forEach(Executable::enqueue);
    }

    @Override
    public KernelInfo kernel() {
      return PreparedStep.joined(parts.stream().map(Executable::kernel).toList());
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  private static Executable apart(Site site, AttentionWork work) {
    Closing owned = new Closing();
    return PlainExecutables.guarded(
        owned,
        () ->
            new Series(
                work.apart().stream().map(part -> owned.add(site.prepare(part))).toList(), owned));
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
            + work.q().storage().name(),
        true,
        graph -> addTo(graph, work));
  }

  private static String text(View view) {
    return (view.shape() + Arrays.toString(view.strides())).replace(" ", "");
  }

  private static void addTo(OperationGraph graph, AttentionWork work) {
    long[] scores = work.q().shape().with(3, work.keys().dim(3)).dims();
    long[] rows = work.q().shape().with(3, 1).dims();
    BackendDescriptor score = graph.virtual(Storage.F32, scores);
    graph.product(stored(graph, work.q()), stored(graph, work.keys()), score);
    if (work.scale() != 1) {
      BackendDescriptor scaled = graph.virtual(Storage.F32, scores);
      graph.pointwise(OperationGraph.MULTIPLY, score, graph.number(work.scale(), 4), scaled);
      score = scaled;
    }
    View added = work.added();
    if (added != null) {
      BackendDescriptor sum = graph.virtual(Storage.F32, scores);
      graph.pointwise(OperationGraph.ADD, score, stored(graph, added.ofRank(4)), sum);
      score = sum;
    }
    BackendDescriptor largest = graph.virtual(Storage.F32, rows);
    graph.reduction(OperationGraph.MAXIMUM, score, largest);
    BackendDescriptor shifted = graph.virtual(Storage.F32, scores);
    graph.pointwise(OperationGraph.SUBTRACT, score, largest, shifted);
    BackendDescriptor exponent = graph.virtual(Storage.F32, scores);
    graph.pointwise(OperationGraph.EXP, shifted, null, exponent);
    BackendDescriptor total = graph.virtual(Storage.F32, rows);
    graph.reduction(OperationGraph.SUM, exponent, total);
    BackendDescriptor shares = graph.virtual(work.q().storage(), scores);
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
