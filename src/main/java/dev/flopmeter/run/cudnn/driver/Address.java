package dev.flopmeter.run.cudnn.driver;

import jcuda.driver.CUdeviceptr;

/** A device address that also shows its number, which kernel arguments need. */
public final class Address extends CUdeviceptr {
  Address(CUdeviceptr base, long offset) {
    super(base, offset);
  }

  public long value() {
    return getNativePointer() + getByteOffset();
  }
}
