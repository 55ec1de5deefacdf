package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.plan.ActivationWork;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.LrnWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.SoftmaxWork;
import dev.flopmeter.run.cudnn.plan.TransposedConvolutionWork;
import dev.flopmeter.run.cudnn.plan.Work;

/** Prepares each kind of work on the device. */
record Executables(PreparationContext context) implements Work.Cases<Executable> {
  @Override
  public Executable convolution(ConvolutionWork work) {
    return GraphConvolution.prepare(context, work)
        .orElseGet(() -> ConvolutionExecutable.prepare(context, work));
  }

  @Override
  public Executable transposedConvolution(TransposedConvolutionWork work) {
    return GraphExecutable.prepare(
        context,
        new GraphExecutable.Problem(
            "transposed convolution", false, 1, graph -> addTo(graph, work)),
        reason -> TransposedConvolutionExecutable.prepare(context, work));
  }

  private static void addTo(OperationGraph graph, TransposedConvolutionWork work) {
    graph.convolution(
        true,
        graph.stored(work.y()),
        graph.stored(work.weights()),
        graph.stored(work.x()),
        work.pad(),
        work.stride(),
        work.dilation());
  }

  @Override
  public Executable pooling(PoolingWork work) {
    return LegacyCalls.pooling(context, work);
  }

  @Override
  public Executable softmax(SoftmaxWork work) {
    return LegacyCalls.softmax(context, work);
  }

  @Override
  public Executable activation(ActivationWork work) {
    return LegacyCalls.activation(context, work);
  }

  @Override
  public Executable lrn(LrnWork work) {
    return LegacyCalls.lrn(context, work);
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
