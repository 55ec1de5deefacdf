package dev.flopmeter.run.djl;

import dev.flopmeter.run.RunOptions;
import java.util.List;

/** Joins nodes into steps. */
final class Fusion {
  private Fusion() {}

  static List<Task> tasks(Scope scope, RunOptions options) {
    return scope.graph().nodes().stream().map(Task::of).toList();
  }
}
