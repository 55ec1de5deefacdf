package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.execute.OperationGraph.Tensor;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
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

  static List<Spelling> all(ConvolutionWork work) {
    String name =
        work.isTransposed()
            ? "graph transposed convolution"
            : "graph " + narrow(work) + "convolution";
    Spelling alone =
        new Spelling(
            name,
            work.stencil().groups() > 1,
            1,
            graph -> convolution(graph, work, graph.stored(work.y())),
            work.epilogue());
    Spelling fused = new Spelling("fused " + name, graph -> addFusedTo(graph, work));
    return work.x().storage().isNarrow()
        ? List.of(fused)
        : work.hasEpilogue() ? List.of(fused, alone) : List.of(alone);
  }

  private static String narrow(ConvolutionWork work) {
    return switch (work.x().storage()) {
      case I8 -> "int8 ";
      case F8 -> "fp8 ";
      default -> "";
    };
  }

  private static void convolution(OperationGraph graph, ConvolutionWork work, Tensor y) {
    Tensor x = graph.stored(work.x());
    graph.convolution(
        work.isTransposed(), x, graph.stored(work.orderedWeights()), y, work.stencil());
  }

  private record Stage(String mode, @Nullable Tensor operand) {}

  private static void addFusedTo(OperationGraph graph, ConvolutionWork work) {
    boolean isInteger = work.x().storage() == ElementType.I8;
    int sums = isInteger ? OperationGraph.INT32 : OperationGraph.FLOAT;
    Tensor last = virtual(graph, sums, work);
    convolution(graph, work, last);
    List<Stage> stages = stages(graph, work);
    if (stages.isEmpty()) { // cuDNN's integer engines require an operation after the convolution
      graph.identity(last, graph.stored(work.y()));
    }
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
    ConvolutionWork.Scaling scaling = work.scaling();
    if (scaling != null) {
      stages.add(new Stage("MULTIPLY", perChannel(graph, work, scaling.scale())));
    }
    if (work.residual() != null) {
      stages.add(new Stage("ADD", graph.stored(work.residual())));
    }
    if (work.bias() != null) {
      stages.add(new Stage("ADD", perChannel(graph, work, work.bias())));
    }
    if (work.relu()) {
      stages.add(new Stage("RELU", null));
    }
    if (scaling != null && scaling.factor() != 1) {
      Tensor factor = graph.number(scaling.factor(), work.y().rank());
      stages.add(new Stage("MULTIPLY", factor));
    }
    if (scaling != null && scaling.shift() != 0) {
      stages.add(new Stage("ADD", graph.number(scaling.shift(), work.y().rank())));
    }
    return stages;
  }

  private static Tensor virtual(OperationGraph graph, int type, ConvolutionWork work) {
    return graph.virtual(
        type, work.y().shape().dims(), TensorView.strides(work.y().shape(), work.layout()));
  }

  private static Tensor perChannel(OperationGraph graph, ConvolutionWork work, TensorView view) {
    long channels = work.y().dim(1);
    long[] dims = new long[work.y().rank()];
    long[] strides = new long[work.y().rank()];
    Arrays.fill(dims, 1);
    Arrays.fill(strides, work.layout() == MemoryLayout.CHANNELS_LAST ? channels : 1);
    dims[1] = channels;
    strides[0] = channels;
    strides[1] = 1;
    return graph.stored(view, dims, strides, 0);
  }
}
