package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.run.MemoryUse;

/** What one step does. */
interface Action extends AutoCloseable {
  /**
   * Computes the step.
   *
   * @param inputs stay the caller's
   * @return new handles, the caller's to close, one for each output slot
   */
  IValue[] run(IValue[] inputs);

  /** What it holds itself: weights all the time, activations while it runs. */
  default MemoryUse use() {
    return new MemoryUse(0, 0, 0);
  }

  @Override
  default void close() {}
}
