package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.OwnConvolution;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TransposedConvolutionWork;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.List;

/** Prepares each kind of work on the device. */
record Executables(PreparationContext context) implements Work.Cases<Executable> {
  @Override
  public Executable convolution(ConvolutionWork work) {
    List<KernelWork> own = new ArrayList<>(List.of(OwnConvolution.work(work)));
    own.addAll(ConvolutionSpelling.epilogue(work));
    return GraphStep.prepare(
        context,
        work.format().label(),
        ConvolutionSpelling.all(work),
        reason -> {
          if (work.scale() != null) {
            throw new BackendException(
                "no engine of cuDNN computes an int8 convolution of %s by %s here (%s); --no-fuse computes it in floats"
                    .formatted(work.x().shape(), work.weights().shape(), reason));
          }
          return KernelSeries.of(context, own);
        });
  }

  @Override
  public Executable transposedConvolution(TransposedConvolutionWork work) {
    return GraphStep.prepare(
        context,
        MemoryLayout.PLAIN.label(),
        List.of(
            new GraphStep.Spelling(
                "graph transposed convolution", graph -> ConvolutionSpelling.addTo(graph, work))),
        reason -> kernel(OwnConvolution.work(work)));
  }

  @Override
  public Executable pooling(PoolingWork work) {
    MemoryLayout layout =
        work.x().is(MemoryLayout.PLAIN) ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    return GraphStep.prepare(
        context,
        layout.label(),
        List.of(
            new GraphStep.Spelling(
                "graph pooling",
                graph ->
                    graph.resample(
                        work.kind().code(),
                        graph.stored(work.x()),
                        graph.stored(work.y()),
                        work.window(),
                        work.pad(),
                        work.stride()))),
        reason -> kernel(work.own()));
  }

  @Override
  public Executable product(ProductWork work) {
    return ProductExecutable.prepare(context, work);
  }

  @Override
  public Executable attention(AttentionWork work) {
    return AttentionExecutable.prepare(context, work);
  }

  @Override
  public Executable kernel(KernelWork work) {
    return new KernelExecutable(context, work);
  }
}
