package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;

/**
 * Work prepared on a device.
 *
 * @param launch puts it onto the device's stream; inside a capture it is recorded
 */
record Executable(KernelInfo kernel, Runnable launch) {
  void enqueue() {
    launch.run();
  }
}
