package dev.flopmeter.serve.metrics;

import java.util.Locale;

/**
 * What a metric belongs to, the most important first: a limit on the number of series leaves out
 * the last ones first.
 */
enum Part {
  /** The daemon itself, and how the runs of each workload go. */
  ESSENTIALS,
  /** The last result of each series, but for its layers. */
  RESULTS,
  DEVICES,
  /** The JVM and the process. */
  PROCESS,
  HISTOGRAMS,
  LAYERS;

  /** As a label. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
