package dev.flopmeter.run.cudnn;

import jcuda.driver.CUdeviceptr;

/** A device address that also shows its number, which kernel arguments need. */
final class Address extends CUdeviceptr {
  Address(CUdeviceptr base, long offset) {
    super(base, offset);
  }

  long value() {
    return getNativePointer() + getByteOffset();
  }
}
