package dev.flopmeter.serve.config;

import dev.flopmeter.text.Cut;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects the errors of a file, so that all are reported at once. */
final class Problems {
  private static final int MOST =
      100; // for a log and a page; files that are not configurations have more
  private static final int LONGEST = 500;

  private record Problem(String file, int line, String text) {}

  private final String file;
  private final List<Problem> found;

  Problems(String file) {
    this(file, new ArrayList<>());
  }

  private Problems(String file, List<Problem> found) {
    this.file = file;
    this.found = found;
  }

  /** Those of a file that this one names; they are thrown together. */
  Problems of(String other) {
    return new Problems(other, found);
  }

  /**
   * Adds a problem.
   *
   * @param line from 1; 0 if it concerns the whole file
   * @param key the key's full path, such as {@code workloads.resnet50.interval}; empty for the file
   * @param message what is wrong and what to do
   */
  void add(int line, String key, String message) {
    String where = (line > 0 ? ":" + line : "") + (key.isEmpty() ? "" : ": " + Cut.name(key));
    found.add(new Problem(file, line, file + where + ": " + Cut.middle(message, LONGEST)));
  }

  void throwIfAny() throws ConfigException {
    if (!found.isEmpty()) {
      found.sort(Comparator.comparing(Problem::file).thenComparingInt(Problem::line));
      int more = found.size() - MOST;
      if (more > 0) {
        found.subList(MOST, found.size()).clear();
        add(0, "", more + " more errors");
      }
      throw new ConfigException(found.stream().map(Problem::text).toList());
    }
  }
}
