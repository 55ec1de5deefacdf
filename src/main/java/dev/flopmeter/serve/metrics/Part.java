package dev.flopmeter.serve.metrics;

import dev.flopmeter.text.Labelled;

/**
 * What a metric belongs to, the most important first: a limit on the number of series leaves out
 * the last ones first.
 */
enum Part implements Labelled {
  /** The daemon itself, and the outcomes of each workload's runs. */
  ESSENTIALS,
  /** The last result of each series, except for its layers. */
  RESULTS,
  DEVICES,
  /** The JVM and the process. */
  PROCESS,
  HISTOGRAMS,
  LAYERS
}
