package dev.flopmeter.serve.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects the errors of one file, so that all are reported at once. */
final class Problems {
  private record Problem(int line, String text) {}

  private final String file;
  private final List<Problem> found = new ArrayList<>();

  Problems(String file) {
    this.file = file;
  }

  /**
   * Adds a problem.
   *
   * @param line from 1; 0 if it concerns the whole file
   * @param key the key's full path, such as {@code workloads.resnet50.interval}; empty for the file
   * @param message what is wrong and what to do
   */
  void add(int line, String key, String message) {
    String where = (line > 0 ? ":" + line : "") + (key.isEmpty() ? "" : ": " + key);
    found.add(new Problem(line, file + where + ": " + message));
  }

  /** Throws if there are any. */
  void throwIfAny() throws ConfigException {
    if (!found.isEmpty()) {
      found.sort(Comparator.comparingInt(Problem::line));
      throw new ConfigException(found.stream().map(Problem::text).toList());
    }
  }
}
