package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.BackendDescriptor;

/**
 * A plan of cuDNN for a graph.
 *
 * @param json cuDNN's own notation of it, from which it is restored without heuristics or compiling
 */
record GraphPlan(BackendDescriptor descriptor, long workspaceBytes, Engine engine, String json) {
  /**
   * What runs it.
   *
   * @param number cuDNN's
   * @param hasNotes whether cuDNN says anything about its arithmetic; cuBLASLt's engine 0 has none
   */
  record Engine(long number, boolean isTensorCore, boolean hasNotes) {}
}
