package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.DeviceFailure;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.plan.ActivationWork;
import dev.flopmeter.run.cudnn.plan.LrnWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.SoftmaxWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnLRNDescriptor;
import jcuda.jcudnn.cudnnPoolingDescriptor;
import jcuda.jcudnn.cudnnTensorDescriptor;
import org.jspecify.annotations.Nullable;

/** cuDNN's legacy calls that take no workspace and offer no choice of algorithm. */
final class LegacyCalls {
  private static final int SOFTMAX_ACCURATE = 1;
  private static final int SOFTMAX_LOG = 2;
  private static final int SOFTMAX_OVER_CHANNELS = 1;
  private static final int LRN_CROSS_CHANNEL = 0;

  private LegacyCalls() {}

  private record Call(Runnable work, KernelInfo kernel, ResourceStack descriptors)
      implements Executable {
    @Override
    public void enqueue() {
      work.run();
    }

    @Override
    public void close() {
      descriptors.close();
    }
  }

  static Executable pooling(PreparationContext context, PoolingWork work) {
    ResourceStack owned = new ResourceStack();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = context.gpu().handle();
          cudnnPoolingDescriptor pooling = make.pooling(work);
          cudnnTensorDescriptor x = make.tensor(work.x());
          cudnnTensorDescriptor y = make.tensor(work.y());
          Address from = context.address(work.x());
          Address to = context.address(work.y());
          return new Call(
              () ->
                  Status.cudnn(
                      JCudnn.cudnnPoolingForward(
                          handle, pooling, Scalars.ONE, x, from, Scalars.ZERO, y, to),
                      "cudnnPoolingForward"),
              info("cudnnPoolingForward", layout(work.x())),
              owned);
        });
  }

  static Executable softmax(PreparationContext context, SoftmaxWork work) {
    ResourceStack owned = new ResourceStack();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = context.gpu().handle();
          int[] dims = Descriptors.ints(new long[] {work.outer(), work.length(), work.inner(), 1});
          int[] strides =
              Descriptors.ints(new long[] {work.length() * work.inner(), work.inner(), 1, 1});
          cudnnTensorDescriptor shape = make.tensor(work.x().storage(), dims, strides);
          Address from = context.address(work.x());
          Address to = context.address(work.y());
          int algorithm = work.log() ? SOFTMAX_LOG : SOFTMAX_ACCURATE;
          return new Call(
              () ->
                  Status.cudnn(
                      JCudnn.cudnnSoftmaxForward(
                          handle,
                          algorithm,
                          SOFTMAX_OVER_CHANNELS,
                          Scalars.ONE,
                          shape,
                          from,
                          Scalars.ZERO,
                          shape,
                          to),
                      "cudnnSoftmaxForward"),
              info("cudnnSoftmaxForward", null),
              owned);
        });
  }

  static Executable activation(PreparationContext context, ActivationWork work) {
    ResourceStack owned = new ResourceStack();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = context.gpu().handle();
          cudnnActivationDescriptor activation = make.activation(work.kind(), work.coefficient());
          int count = Math.toIntExact(work.x().elements());
          cudnnTensorDescriptor flat =
              make.tensor(
                  work.x().storage(),
                  new int[] {1, 1, 1, count},
                  new int[] {count, count, count, 1});
          Address from = context.address(work.x());
          Address to = context.address(work.y());
          return new Call(
              () ->
                  Status.cudnn(
                      JCudnn.cudnnActivationForward(
                          handle, activation, Scalars.ONE, flat, from, Scalars.ZERO, flat, to),
                      "cudnnActivationForward"),
              info("cudnnActivationForward", null),
              owned);
        });
  }

  static Executable lrn(PreparationContext context, LrnWork work) {
    ResourceStack owned = new ResourceStack();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = context.gpu().handle();
          cudnnLRNDescriptor lrn = make.lrn(work);
          cudnnTensorDescriptor shape = make.tensor(work.x());
          Address from = context.address(work.x());
          Address to = context.address(work.y());
          return new Call(
              () ->
                  Status.cudnn(
                      JCudnn.cudnnLRNCrossChannelForward(
                          handle,
                          lrn,
                          LRN_CROSS_CHANNEL,
                          Scalars.ONE,
                          shape,
                          from,
                          Scalars.ZERO,
                          shape,
                          to),
                      "cudnnLRNCrossChannelForward"),
              info("cudnnLRNCrossChannelForward", layout(work.x())),
              owned);
        });
  }

  private static KernelInfo info(String call, @Nullable String layout) {
    return new KernelInfo(call, layout, null, 0L);
  }

  static String layout(TensorView view) {
    return view.is(MemoryLayout.PLAIN)
        ? MemoryLayout.PLAIN.label()
        : MemoryLayout.CHANNELS_LAST.label();
  }

  /** Closes what was made if making the rest fails. */
  static <T> T guarded(ResourceStack owned, java.util.function.Supplier<T> making) {
    try {
      return making.get();
    } catch (RuntimeException | Error e) {
      closeAfter(owned, e);
      throw e;
    }
  }

  /**
   * Closes what was made; the failure stays the one that is reported. On a hung device closing
   * would wait for ever.
   */
  static void closeAfter(ResourceStack owned, Throwable failure) {
    if (failure instanceof DeviceFailure device && device.isHung()) {
      return;
    }
    try {
      owned.close();
    } catch (RuntimeException closing) {
      failure.addSuppressed(closing);
    }
  }
}
