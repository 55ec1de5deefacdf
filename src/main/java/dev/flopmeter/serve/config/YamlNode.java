package dev.flopmeter.serve.config;

import java.util.List;
import java.util.Map;

/** A node of a YAML file with its line. */
sealed interface YamlNode {
  /** From 1. */
  int line();

  /** What it is, for messages. */
  default String kind() {
    if (this instanceof Scalar scalar) {
      return scalar.isNull() ? "nothing" : "a value";
    }
    return this instanceof Sequence ? "a list" : "a section";
  }

  /** A value as it was written. */
  record Scalar(int line, String text, boolean isNull) implements YamlNode {}

  /** Values in order. */
  record Sequence(int line, List<YamlNode> items) implements YamlNode {}

  /** Keys in the order of the file. */
  record Mapping(int line, Map<String, Entry> entries) implements YamlNode {}

  /** A key's value and the line of the key itself. */
  record Entry(int line, YamlNode value) {}
}
