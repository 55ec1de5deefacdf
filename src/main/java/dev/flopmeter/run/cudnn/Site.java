package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.Precision;
import dev.flopmeter.run.RunOptions;
import java.util.function.Function;

/** Where work is made ready: the device, the places of all views, the shared scratch memory. */
record Site(
    Gpu gpu,
    RunOptions options,
    Function<View, Address> addresses,
    Workspace workspace,
    AlgorithmCache cache) {
  Address address(View view) {
    return addresses.apply(view);
  }

  /** cuDNN's number of the arithmetic that the precision allows. */
  int math() {
    return math(options.precision());
  }

  static int math(Precision precision) {
    return switch (precision) {
      case FP32 -> MathType.FMA.code();
      case TF32 -> MathType.DEFAULT.code();
      case FP16, BF16 -> MathType.TENSOR_OP.code();
    };
  }

  Executable prepare(Work work) {
    if (work instanceof ConvolutionWork convolution) {
      return ConvolutionExecutable.prepare(this, convolution);
    }
    if (work instanceof TransposedConvolutionWork transposed) {
      return TransposedConvolutionExecutable.prepare(this, transposed);
    }
    if (work instanceof PoolingWork pooling) {
      return PlainExecutables.pooling(this, pooling);
    }
    if (work instanceof SoftmaxWork softmax) {
      return PlainExecutables.softmax(this, softmax);
    }
    if (work instanceof ActivationWork activation) {
      return PlainExecutables.activation(this, activation);
    }
    if (work instanceof LrnWork lrn) {
      return PlainExecutables.lrn(this, lrn);
    }
    if (work instanceof ProductWork product) {
      return ProductExecutable.prepare(this, product);
    }
    if (work instanceof AttentionWork attention) {
      return AttentionExecutable.prepare(this, attention);
    }
    return new KernelExecutable(this, (KernelWork) work);
  }
}
