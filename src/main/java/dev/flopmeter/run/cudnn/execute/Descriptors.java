package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.plan.ActivationWork;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.LrnWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnLRNDescriptor;
import jcuda.jcudnn.cudnnPoolingDescriptor;
import jcuda.jcudnn.cudnnTensorDescriptor;

/**
 * Makes cuDNN's descriptors; each is given back when the {@link ResourceStack} it was added to
 * closes.
 */
final class Descriptors {
  private static final int CROSS_CORRELATION = 1;
  private static final int ACCUMULATE_IN_FLOAT = 0;
  private static final int NAN_NOT_PROPAGATED = 0;

  private final ResourceStack owner;

  Descriptors(ResourceStack owner) {
    this.owner = owner;
  }

  cudnnTensorDescriptor tensor(TensorView view) {
    return tensor(view.storage(), ints(view.shape().dims()), ints(view.strides()));
  }

  cudnnTensorDescriptor tensor(ElementType storage, int[] dims, int[] strides) {
    cudnnTensorDescriptor descriptor = new cudnnTensorDescriptor();
    Status.cudnn(JCudnn.cudnnCreateTensorDescriptor(descriptor), "cudnnCreateTensorDescriptor");
    owner.add(
        () ->
            Status.freedCudnn(
                JCudnn.cudnnDestroyTensorDescriptor(descriptor), "cudnnDestroyTensorDescriptor"));
    Status.cudnn(
        JCudnn.cudnnSetTensorNdDescriptor(descriptor, storage.code(), dims.length, dims, strides),
        "cudnnSetTensorNdDescriptor" + Arrays.toString(dims) + " by " + Arrays.toString(strides));
    return descriptor;
  }

  cudnnFilterDescriptor filter(TensorView weights, MemoryLayout format) {
    cudnnFilterDescriptor descriptor = new cudnnFilterDescriptor();
    Status.cudnn(JCudnn.cudnnCreateFilterDescriptor(descriptor), "cudnnCreateFilterDescriptor");
    owner.add(
        () ->
            Status.freedCudnn(
                JCudnn.cudnnDestroyFilterDescriptor(descriptor), "cudnnDestroyFilterDescriptor"));
    int[] dims = ints(weights.shape().dims());
    Status.cudnn(
        JCudnn.cudnnSetFilterNdDescriptor(
            descriptor, weights.storage().code(), format.code(), dims.length, dims),
        "cudnnSetFilterNdDescriptor" + Arrays.toString(dims));
    return descriptor;
  }

  cudnnConvolutionDescriptor convolution(
      int[] pad, int[] stride, int[] dilation, int groups, int math) {
    cudnnConvolutionDescriptor descriptor = new cudnnConvolutionDescriptor();
    Status.cudnn(
        JCudnn.cudnnCreateConvolutionDescriptor(descriptor), "cudnnCreateConvolutionDescriptor");
    owner.add(
        () ->
            Status.freedCudnn(
                JCudnn.cudnnDestroyConvolutionDescriptor(descriptor),
                "cudnnDestroyConvolutionDescriptor"));
    Status.cudnn(
        JCudnn.cudnnSetConvolutionNdDescriptor(
            descriptor, pad.length, pad, stride, dilation, CROSS_CORRELATION, ACCUMULATE_IN_FLOAT),
        "cudnnSetConvolutionNdDescriptor");
    Status.cudnn(
        JCudnn.cudnnSetConvolutionGroupCount(descriptor, groups), "cudnnSetConvolutionGroupCount");
    setMath(descriptor, math);
    return descriptor;
  }

  static void setMath(cudnnConvolutionDescriptor descriptor, int math) {
    Status.cudnn(
        JCudnn.cudnnSetConvolutionMathType(descriptor, math), "cudnnSetConvolutionMathType");
  }

  cudnnPoolingDescriptor pooling(PoolingWork work) {
    cudnnPoolingDescriptor descriptor = new cudnnPoolingDescriptor();
    Status.cudnn(JCudnn.cudnnCreatePoolingDescriptor(descriptor), "cudnnCreatePoolingDescriptor");
    owner.add(
        () ->
            Status.freedCudnn(
                JCudnn.cudnnDestroyPoolingDescriptor(descriptor), "cudnnDestroyPoolingDescriptor"));
    Status.cudnn(
        JCudnn.cudnnSetPoolingNdDescriptor(
            descriptor,
            work.kind().code(),
            NAN_NOT_PROPAGATED,
            work.window().length,
            work.window(),
            work.pad(),
            work.stride()),
        "cudnnSetPoolingNdDescriptor");
    return descriptor;
  }

  cudnnActivationDescriptor activation(ActivationWork.Kind kind, double coefficient) {
    cudnnActivationDescriptor descriptor = new cudnnActivationDescriptor();
    Status.cudnn(
        JCudnn.cudnnCreateActivationDescriptor(descriptor), "cudnnCreateActivationDescriptor");
    owner.add(
        () ->
            Status.freedCudnn(
                JCudnn.cudnnDestroyActivationDescriptor(descriptor),
                "cudnnDestroyActivationDescriptor"));
    Status.cudnn(
        JCudnn.cudnnSetActivationDescriptor(
            descriptor, kind.code(), NAN_NOT_PROPAGATED, coefficient),
        "cudnnSetActivationDescriptor");
    return descriptor;
  }

  cudnnLRNDescriptor lrn(LrnWork work) {
    cudnnLRNDescriptor descriptor = new cudnnLRNDescriptor();
    Status.cudnn(JCudnn.cudnnCreateLRNDescriptor(descriptor), "cudnnCreateLRNDescriptor");
    owner.add(
        () ->
            Status.freedCudnn(
                JCudnn.cudnnDestroyLRNDescriptor(descriptor), "cudnnDestroyLRNDescriptor"));
    Status.cudnn(
        JCudnn.cudnnSetLRNDescriptor(descriptor, work.size(), work.alpha(), work.beta(), work.k()),
        "cudnnSetLRNDescriptor");
    return descriptor;
  }

  static int[] ints(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }
}
