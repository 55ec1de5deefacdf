package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import java.util.ArrayList;
import java.util.List;

/**
 * What is fused to a convolution as kernels of our own, for when cuDNN does the convolution alone.
 */
final class Epilogue {
  private Epilogue() {}

  static List<KernelWork> works(ConvolutionWork work) {
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
