package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.result.ProfileResult.Memory;

/** The work of one step. */
interface Action extends AutoCloseable {
  /**
   * Computes the step.
   *
   * @param inputs owned by the caller
   * @return new handles, one for each output slot; the caller closes them
   */
  IValue[] run(IValue[] inputs);

  /** The memory that it holds: weights permanently, activations while it runs. */
  default Memory use() {
    return new Memory(0, 0, 0);
  }

  @Override
  default void close() {}
}
