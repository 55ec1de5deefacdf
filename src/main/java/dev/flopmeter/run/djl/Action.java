package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;

/** What one step does. */
interface Action extends AutoCloseable {
  /**
   * Computes the step.
   *
   * @param inputs stay the caller's
   * @return new handles, the caller's to close, one for each output slot
   */
  IValue[] run(IValue[] inputs);

  @Override
  default void close() {}
}
