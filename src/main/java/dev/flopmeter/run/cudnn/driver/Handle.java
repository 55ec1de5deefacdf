package dev.flopmeter.run.cudnn.driver;

import jcuda.jcudnn.cudnnHandle;

/** A cuDNN handle that also shows its address, which the graph API needs as an attribute. */
final class Handle extends cudnnHandle {
  long address() {
    return getNativePointer();
  }
}
