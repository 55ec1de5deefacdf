package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.TransposedConvolutionWork;
import dev.flopmeter.run.cudnn.plan.Unary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions as graphs. The epilogue is residual, bias, rectifier, in this order: for it cuDNN
 * has engines that need no compiling. Where the fused graph has no engine, or only a slow one
 * (groups), the convolution alone is tried as well, with our kernels behind it.
 */
final class ConvolutionSpelling {
  private ConvolutionSpelling() {}

  static List<GraphStep.Spelling> all(ConvolutionWork work) {
    if (work.scale() != null) {
      return List.of(
          new GraphStep.Spelling("fused graph int8 convolution", graph -> addFusedTo(graph, work)));
    }
    GraphStep.Spelling alone =
        new GraphStep.Spelling(
            "graph convolution", work.groups() > 1, 1, graph -> addTo(graph, work), epilogue(work));
    return work.hasEpilogue()
        ? List.of(
            new GraphStep.Spelling("fused graph convolution", graph -> addFusedTo(graph, work)),
            alone)
        : List.of(alone);
  }

  static void addTo(OperationGraph graph, TransposedConvolutionWork work) {
    graph.convolution(
        true,
        graph.stored(work.y()),
        graph.stored(work.weights()),
        graph.stored(work.x()),
        work.pad(),
        work.stride(),
        work.dilation());
  }

  private static void addTo(OperationGraph graph, ConvolutionWork work) {
    convolution(graph, work, graph.stored(work.x()), graph.stored(work.y()));
  }

  private static void convolution(OperationGraph graph, ConvolutionWork work, Tensor x, Tensor y) {
    TensorView weights = work.weights();
    long[] strides = TensorView.strides(weights.shape(), work.format());
    graph.convolution(
        false,
        x,
        graph.stored(weights, weights.shape().dims(), strides),
        y,
        work.pad(),
        work.stride(),
        work.dilation());
  }

  private record Stage(int mode, @Nullable Tensor operand) {}

  private static void addFusedTo(OperationGraph graph, ConvolutionWork work) {
    int sums = work.scale() == null ? OperationGraph.FLOAT : OperationGraph.INT32;
    Tensor last = virtual(graph, sums, work);
    convolution(graph, work, graph.stored(work.x()), last);
    List<Stage> stages = stages(graph, work);
    for (int i = 0; i < stages.size(); i++) {
      Tensor next =
          i == stages.size() - 1
              ? graph.stored(work.y())
              : virtual(graph, OperationGraph.FLOAT, work);
      graph.pointwise(stages.get(i).mode(), last, stages.get(i).operand(), next);
      last = next;
    }
  }

  private static List<Stage> stages(OperationGraph graph, ConvolutionWork work) {
    List<Stage> stages = new ArrayList<>();
    if (work.scale() != null) {
      stages.add(new Stage(OperationGraph.MULTIPLY, perChannel(graph, work, work.scale())));
    }
    if (work.residual() != null) {
      stages.add(new Stage(OperationGraph.ADD, graph.stored(work.residual())));
    }
    if (work.bias() != null) {
      stages.add(new Stage(OperationGraph.ADD, perChannel(graph, work, work.bias())));
    }
    if (work.relu()) {
      stages.add(new Stage(OperationGraph.RELU, null));
    }
    return stages;
  }

  private static Tensor virtual(OperationGraph graph, int type, ConvolutionWork work) {
    return graph.virtual(
        type, work.y().shape().dims(), TensorView.strides(work.y().shape(), work.format()));
  }

  private static Tensor perChannel(OperationGraph graph, ConvolutionWork work, TensorView view) {
    long channels = work.y().dim(1);
    long[] dims = new long[work.y().rank()];
    long[] strides = new long[work.y().rank()];
    Arrays.fill(dims, 1);
    Arrays.fill(strides, work.format() == MemoryLayout.CHANNELS_LAST ? channels : 1);
    dims[1] = channels;
    strides[0] = channels;
    strides[1] = 1;
    return graph.stored(view, dims, strides);
  }

  /** What is fused to a convolution, as kernels of our own behind it. */
  static List<KernelWork> epilogue(ConvolutionWork work) {
    List<KernelWork> works = new ArrayList<>();
    TensorView result = work.y();
    boolean isBiasLast = work.residual() == null && work.relu();
    if (work.bias() != null) {
      long[] perChannel = new long[result.rank()];
      perChannel[1] = 1;
      TensorView repeated = work.bias().as(result.shape(), perChannel);
      Binary.Kind kind = isBiasLast ? Binary.Kind.ADD_RELU : Binary.Kind.ADD;
      works.add(Binary.work(kind, result, repeated, result));
    }
    if (work.residual() != null) {
      Binary.Kind kind = work.relu() ? Binary.Kind.ADD_RELU : Binary.Kind.ADD;
      works.add(Binary.work(kind, result, work.residual(), result));
    } else if (work.relu() && work.bias() == null) {
      works.add(Unary.work(Unary.Kind.RELU, result, result, 0, 0));
    }
    return works;
  }
}
