package dev.flopmeter.run.cudnn;

import dev.flopmeter.device.Device;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;

/** One device in use: its primary context, one stream, cuDNN bound to that stream, our kernels. */
final class Gpu implements AutoCloseable {
  /** After this long without an answer a device counts as hung. */
  private static final long PATIENCE_SECONDS =
      Long.getLong("flopmeter.cudnn.patience.seconds", 120);

  private final Device description;
  private final CUcontext context = new CUcontext();
  private final Closing resources = new Closing();
  private final Stream stream;
  private final Handle handle = new Handle();
  private final KernelModule kernels;
  private boolean abandoned;

  Gpu(Device description, int ordinal) {
    this.description = description;
    Status.cuda(JCudaDriver.cuInit(0), "cuInit");
    CUdevice device = new CUdevice();
    Status.cuda(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
    Status.cuda(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
    resources.add(
        () ->
            Status.freedCuda(
                JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease"));
    try {
      makeCurrent();
      stream = resources.add(new Stream(TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)));
      Status.cudnn(JCudnn.cudnnCreate(handle), "cudnnCreate");
      resources.add(() -> Status.freedCudnn(JCudnn.cudnnDestroy(handle), "cudnnDestroy"));
      Status.cudnn(JCudnn.cudnnSetStream(handle, stream.forCudnn()), "cudnnSetStream");
      kernels = resources.add(new KernelModule());
    } catch (RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    }
  }

  /** Gives everything back after a failure, which stays the one that is reported. */
  private void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  Device description() {
    return description;
  }

  /** To be called before any other use by a thread that may not be the one that opened it. */
  void makeCurrent() {
    Status.cuda(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  /** As {@link #makeCurrent}, but a device that is broken already is no news any more. */
  void makeCurrentForClosing() {
    Status.freedCuda(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  Stream stream() {
    return stream;
  }

  Handle handle() {
    return handle;
  }

  KernelModule kernels() {
    return kernels;
  }

  /** Bytes of device memory that are free now. */
  long freeBytes() {
    long[] free = new long[1];
    Status.cuda(JCudaDriver.cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
    return free[0];
  }

  /** Says that the device hangs: giving anything back would wait for ever, so nothing is. */
  void abandon() {
    abandoned = true;
  }

  boolean isAbandoned() {
    return abandoned;
  }

  @Override
  public void close() {
    if (!abandoned) {
      resources.close();
    }
  }
}
