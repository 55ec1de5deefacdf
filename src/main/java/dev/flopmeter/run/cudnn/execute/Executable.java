package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;

/** Work made ready on a device. */
interface Executable extends AutoCloseable {
  /** Puts it on the device's stream; inside a capture it is recorded. */
  void enqueue();

  KernelInfo kernel();

  @Override
  void close();
}
