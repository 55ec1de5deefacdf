package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.text.Resource;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnHandle;
import jcuda.runtime.cudaStream_t;

/** One device in use: its primary context, one stream, cuDNN bound to that stream, our kernels. */
public final class Gpu implements AutoCloseable {
  /** After this long without an answer a device counts as hung. */
  private static final long PATIENCE_SECONDS =
      Long.getLong("flopmeter.cudnn.patience.seconds", 120);

  /** Enough for the attributes of any one call. */
  private static final long ATTRIBUTE_BYTES = 1024;

  /** PTX text, compiled by the driver for the device. */
  private static final String KERNELS = "/dev/flopmeter/run/cudnn/kernels.ptx";

  /** A handle that also shows its address, which the graph API needs as an attribute. */
  private static final class Handle extends cudnnHandle {
    long address() {
      return getNativePointer();
    }
  }

  private final CUcontext context = new CUcontext();
  private final ResourceStack resources = resources();
  private final Stream stream;
  private final HostBlock attributes;
  private final Handle handle = new Handle();
  private final CUmodule module = new CUmodule();
  private final Map<String, CUfunction> kernels = new HashMap<>();
  private boolean isHung;

  public Gpu(int ordinal) {
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
      stream =
          resources.add(
              new Stream(TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS), () -> isHung = true));
      attributes = resources.add(new HostBlock(ATTRIBUTE_BYTES));
      Status.cudnn(JCudnn.cudnnCreate(handle), "cudnnCreate");
      resources.add(() -> Status.freedCudnn(JCudnn.cudnnDestroy(handle), "cudnnDestroy"));
      Status.cudnn(
          JCudnn.cudnnSetStream(handle, new cudaStream_t(stream.handle())), "cudnnSetStream");
      Status.cuda(JCudaDriver.cuModuleLoadData(module, kernelText()), "cuModuleLoadData");
      resources.add(() -> Status.freedCuda(JCudaDriver.cuModuleUnload(module), "cuModuleUnload"));
    } catch (RuntimeException | Error e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  /** Must be called before any other use by a thread that may not be the one that opened it. */
  public void makeCurrent() {
    Status.cuda(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  /**
   * Closes what was made on this device. Errors of an already failed device are ignored, and a hung
   * one is not called, because it would never return.
   */
  public void close(ResourceStack made) {
    if (!isHung) {
      try (made) {
        Status.freedCuda(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
      }
    }
  }

  /** The stack for everything that is created on this device. */
  public ResourceStack resources() {
    return new ResourceStack(() -> isHung);
  }

  public Stream stream() {
    return stream;
  }

  /** A new descriptor of cuDNN's graph API. */
  public BackendDescriptor descriptor(String kind) {
    return new BackendDescriptor(kind, attributes);
  }

  /** cuDNN bound to the stream. */
  public cudnnHandle handle() {
    return handle;
  }

  /** The same handle, as the graph API needs it. */
  public long handleAddress() {
    return handle.address();
  }

  public CUfunction kernel(String name) {
    return kernels.computeIfAbsent(
        name,
        wanted -> {
          CUfunction function = new CUfunction();
          Status.cuda(
              JCudaDriver.cuModuleGetFunction(function, module, wanted),
              "cuModuleGetFunction(" + wanted + ")");
          return function;
        });
  }

  private static byte[] kernelText() {
    // The driver reads up to a zero byte.
    return (Resource.text(Gpu.class, KERNELS) + '\0').getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    close(resources);
  }
}
