package dev.flopmeter.cli;

/** The forms of a result. Each command offers some of them. */
enum Format {
  TABLE,
  JSON,
  /** Several JSON objects, one a line. */
  JSONL,
  CSV,
  MARKDOWN,
  HTML,
  /** For Chrome and Perfetto. */
  TRACE,
  /** For the textfile collector of node_exporter. */
  PROMETHEUS
}
