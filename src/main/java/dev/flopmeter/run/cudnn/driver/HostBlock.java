package dev.flopmeter.run.cudnn.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/**
 * Page-locked host memory. Its pointer is a plain address, which cuDNN's graph API needs: the
 * binding hands the memory of Java arrays and buffers over as NULL there.
 */
public final class HostBlock implements AutoCloseable {
  private static final class Plain extends Pointer {
    long address() {
      return getNativePointer();
    }
  }

  private final Plain pointer = new Plain();
  private final ByteBuffer bytes;

  public HostBlock(long size) {
    Status.cuda(JCudaDriver.cuMemAllocHost(pointer, size), "cuMemAllocHost");
    bytes = pointer.getByteBuffer(0, size).order(ByteOrder.nativeOrder());
  }

  Pointer pointer() {
    return pointer;
  }

  public long address() {
    return pointer.address();
  }

  public ByteBuffer bytes() {
    return bytes;
  }

  @Override
  public void close() {
    Status.freedCuda(JCudaDriver.cuMemFreeHost(pointer), "cuMemFreeHost");
  }
}
