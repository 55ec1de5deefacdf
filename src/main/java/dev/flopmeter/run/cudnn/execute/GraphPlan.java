package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * A plan of cuDNN for a graph.
 *
 * @param descriptor null for a graph without operations: then kernels of ours do all
 * @param json cuDNN's own notation of it, from which it is restored without heuristics or compiling
 */
record GraphPlan(
    @Nullable BackendDescriptor descriptor, long workspaceBytes, Engine engine, String json) {
  static final GraphPlan OWN = new GraphPlan(null, 0, new Engine(0, false, false), "");

  /**
   * What runs it.
   *
   * @param number cuDNN's
   * @param hasNotes whether cuDNN says anything about its arithmetic; cuBLASLt's engine 0 has none
   */
  record Engine(long number, boolean isTensorCore, boolean hasNotes) {}

  /** Whether our own kernel runs it, and no engine of cuDNN's. */
  boolean isOwn() {
    return descriptor == null;
  }
}
