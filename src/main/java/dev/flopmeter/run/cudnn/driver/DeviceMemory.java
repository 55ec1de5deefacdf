package dev.flopmeter.run.cudnn.driver;

import jcuda.Pointer;
import jcuda.Sizeof;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** A block of device memory; closing frees it. */
public final class DeviceMemory implements AutoCloseable {
  /** A device address that also shows its number, which kernel arguments need. */
  public static final class Address extends CUdeviceptr {
    private Address(CUdeviceptr base, long offset) {
      super(base, offset);
    }

    public long value() {
      return getNativePointer() + getByteOffset();
    }
  }

  private final CUdeviceptr pointer = new CUdeviceptr();
  private final long bytes;

  /**
   * Allocates at least one byte, so that the address is never null.
   *
   * @param what its purpose, for the error message
   * @throws DeviceFailure with the requested, free and total amounts if it does not fit
   */
  public DeviceMemory(long bytes, String what) {
    this.bytes = Math.max(bytes, Sizeof.DOUBLE);
    int status = JCudaDriver.cuMemAlloc(pointer, this.bytes);
    if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      long[] free = new long[1];
      long[] total = new long[1];
      Status.cuda(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
      throw new DeviceFailure(
          ("cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY: %s needs %s bytes, free are %s of %s;"
                  + " use a smaller batch or free the device's memory")
              .formatted(what, this.bytes, free[0], total[0]),
          false);
    }
    Status.cuda(status, "cuMemAlloc");
  }

  public long bytes() {
    return bytes;
  }

  /** The address {@code offset} bytes in. */
  public Address at(long offset) {
    if (offset < 0 || offset > bytes) {
      throw new IllegalArgumentException(offset + " is outside of a block of " + bytes + " bytes");
    }
    return new Address(pointer, offset);
  }

  /**
   * Copies in the stream's order, and waits for it: the driver may read the host's memory later. A
   * plain {@code cuMemcpyHtoD} could still be on its way when a stream like ours, which does not
   * wait for the default one, reads what it wrote.
   */
  public void upload(long offset, Pointer host, long length, Stream stream) {
    Status.cuda(
        JCudaDriver.cuMemcpyHtoDAsync(at(offset), host, length, stream.handle()),
        "cuMemcpyHtoDAsync");
    stream.synchronize("an upload");
  }

  /** Writes one number over {@code length} bytes, in the stream's order. */
  public void fill(long offset, long length, float value, Stream stream) {
    Status.cuda(
        JCudaDriver.cuMemsetD32Async(
            at(offset), Float.floatToRawIntBits(value), length / Float.BYTES, stream.handle()),
        "cuMemsetD32Async");
  }

  public void download(long offset, Pointer host, long length) {
    Status.cuda(JCudaDriver.cuMemcpyDtoH(host, at(offset), length), "cuMemcpyDtoH");
  }

  @Override
  public void close() {
    Status.freedCuda(JCudaDriver.cuMemFree(pointer), "cuMemFree");
  }
}
