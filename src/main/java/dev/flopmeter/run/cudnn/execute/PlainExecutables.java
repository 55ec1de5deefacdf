package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.Address;
import dev.flopmeter.run.cudnn.driver.Closing;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.plan.ActivationWork;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.LrnWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.SoftmaxWork;
import dev.flopmeter.run.cudnn.plan.View;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnLRNDescriptor;
import jcuda.jcudnn.cudnnPoolingDescriptor;
import jcuda.jcudnn.cudnnTensorDescriptor;
import org.jspecify.annotations.Nullable;

/** The cuDNN calls that take no workspace and leave no choice. */
final class PlainExecutables {
  private static final int SOFTMAX_ACCURATE = 1;
  private static final int SOFTMAX_LOG = 2;
  private static final int SOFTMAX_OVER_CHANNELS = 1;
  private static final int LRN_CROSS_CHANNEL = 0;

  private PlainExecutables() {}

  private record Call(Runnable work, KernelInfo kernel, Closing descriptors) implements Executable {
    @Override
    public void enqueue() {
      work.run();
    }

    @Override
    public void close() {
      descriptors.close();
    }
  }

  static Executable pooling(Site site, PoolingWork work) {
    Closing owned = new Closing();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = site.gpu().handle();
          cudnnPoolingDescriptor pooling = make.pooling(work);
          cudnnTensorDescriptor x = make.tensor(work.x());
          cudnnTensorDescriptor y = make.tensor(work.y());
          Address from = site.address(work.x());
          Address to = site.address(work.y());
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

  static Executable softmax(Site site, SoftmaxWork work) {
    Closing owned = new Closing();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = site.gpu().handle();
          int[] dims = Descriptors.ints(new long[] {work.outer(), work.length(), work.inner(), 1});
          int[] strides =
              Descriptors.ints(new long[] {work.length() * work.inner(), work.inner(), 1, 1});
          cudnnTensorDescriptor shape = make.tensor(work.x().storage(), dims, strides);
          Address from = site.address(work.x());
          Address to = site.address(work.y());
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

  static Executable activation(Site site, ActivationWork work) {
    Closing owned = new Closing();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = site.gpu().handle();
          cudnnActivationDescriptor activation = make.activation(work.kind(), work.coefficient());
          int count = Math.toIntExact(work.x().elements());
          cudnnTensorDescriptor flat =
              make.tensor(
                  work.x().storage(),
                  new int[] {1, 1, 1, count},
                  new int[] {count, count, count, 1});
          Address from = site.address(work.x());
          Address to = site.address(work.y());
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

  static Executable lrn(Site site, LrnWork work) {
    Closing owned = new Closing();
    Descriptors make = new Descriptors(owned);
    return guarded(
        owned,
        () -> {
          cudnnHandle handle = site.gpu().handle();
          cudnnLRNDescriptor lrn = make.lrn(work);
          cudnnTensorDescriptor shape = make.tensor(work.x());
          Address from = site.address(work.x());
          Address to = site.address(work.y());
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

  static String layout(View view) {
    return view.is(Format.PLAIN) ? Format.PLAIN.label() : Format.CHANNELS_LAST.label();
  }

  /** Gives back what was made if making the rest fails. */
  static <T> T guarded(Closing owned, java.util.function.Supplier<T> making) {
    try {
      return making.get();
    } catch (RuntimeException | Error e) {
      closeAfter(owned, e);
      throw e;
    }
  }

  /** Gives back what was made; the failure stays the one that is reported. */
  static void closeAfter(Closing owned, Throwable failure) {
    try {
      owned.close();
    } catch (RuntimeException closing) {
      failure.addSuppressed(closing);
    }
  }
}
