package dev.flopmeter.cli;

import dev.flopmeter.text.Labelled;

/** The formats of a result. Each command supports some of them. */
enum Format implements Labelled {
  TABLE,
  JSON,
  /** Several JSON objects, one per line. */
  JSONL,
  CSV,
  MARKDOWN,
  HTML,
  /** For Chrome and Perfetto. */
  TRACE,
  /** For the textfile collector of node_exporter. */
  PROMETHEUS
}
