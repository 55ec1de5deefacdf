package dev.flopmeter.run.cudnn.plan;

import java.util.stream.Stream;

/** What a step does on the device, as data: decided without a device, prepared on one. */
public sealed interface Work permits GraphWork, KernelWork {
  /** All places that it reads or writes. */
  Stream<TensorView> views();
}
