package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;

/** Work prepared on a device. */
interface Executable extends AutoCloseable {
  /** Puts it onto the device's stream; inside a capture it is recorded. */
  void enqueue();

  KernelInfo kernel();

  @Override
  void close();
}
