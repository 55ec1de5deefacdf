package dev.flopmeter.serve.config;

import java.util.List;
import java.util.Map;

/** A node of a YAML file with its line. */
sealed interface YamlNode {
  /** From 1. */
  int line();

  /** What it is, for messages. */
  String kind();

  /** A value as it was written. */
  record Scalar(int line, String text, boolean isNull) implements YamlNode {
    @Override
    public String kind() {
      return isNull ? "nothing" : "a value";
    }
  }

  /** Values in order. */
  record Sequence(int line, List<YamlNode> items) implements YamlNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  /** Keys in the order of the file. */
  record Mapping(int line, Map<String, Entry> entries) implements YamlNode {
    @Override
    public String kind() {
      return "a section";
    }
  }

  /** A key's value and the line of the key itself. */
  record Entry(int line, YamlNode value) {}
}
