package dev.flopmeter.serve.metrics;

import dev.flopmeter.text.Labelled;

/**
 * What a metric belongs to, the most important first: a limit on the number of series leaves out
 * the last ones first.
 */
enum Part implements Labelled {
  /** The daemon itself, and how the runs of each workload go. */
  ESSENTIALS,
  /** The last result of each series, but for its layers. */
  RESULTS,
  DEVICES,
  /** The JVM and the process. */
  PROCESS,
  HISTOGRAMS,
  LAYERS
}
