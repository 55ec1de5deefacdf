package dev.flopmeter.serve.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the YAML library says is wrong, in words for the author of the file. */
final class YamlComplaint {
  private YamlComplaint() {}

  /** The first text that a message contains decides. */
  private static final Map<String, String> WORDS = new LinkedHashMap<>();

  static {
    WORDS.put("TAB", "a tab is used for indentation; use spaces");
    WORDS.put(
        "cannot start any token", "a value starts with a special character; put it in quotes");
    WORDS.put(
        "mapping values are not allowed", "a colon is not allowed here; put the value in quotes");
    WORDS.put(
        "mapping keys are not allowed",
        "a question mark is not allowed here; put the value in quotes");
    WORDS.put(
        "sequence entries are not allowed",
        "a list item is not allowed here; start it on a line of its own");
    WORDS.put("end of stream", "the file ends inside quotes");
    WORDS.put("',' or '}'", "a } or a comma is missing");
    WORDS.put("',' or ']'", "a ] or a comma is missing");
    WORDS.put("expected <block end>", "the indentation does not match the lines before");
    WORDS.put("expected the node content", "a value is missing");
    WORDS.put("special characters", "the file contains a control character");
    WORDS.put("property name", "a key must be a single word, not a list or a section");
    WORDS.put("expected ':'", "a key is not followed by a colon");
    WORDS.put("escape", "an escape in double quotes is unknown; write \\\\ for a backslash");
    WORDS.put("chomping", "only +, - or a digit may follow the sign of a text block");
    WORDS.put("indentation indicator", "only +, - or a digit may follow the sign of a text block");
    WORDS.put("<document start>", "the file holds more than one document; keep one");
    WORDS.put("document separator", "the file holds more than one document; keep one");
    WORDS.put("Version{", "directives (%NAME) are not supported");
    WORDS.put("directive", "directives (%NAME) are not supported");
    WORDS.put("tag", "tags (!name) are not supported");
    WORDS.put("URI", "tags (!name) are not supported");
    WORDS.put("expected '>'", "tags (!name) are not supported");
    WORDS.put("alias", "anchors and aliases (&name, *name) are not supported");
    WORDS.put(
        "unexpected character",
        "anchors, aliases and tags (&name, *name, !name) are not supported");
    WORDS.put("alphabetic", "anchors, aliases and tags (&name, *name, !name) are not supported");
    WORDS.put("maximum", "a part of the file is too large");
    WORDS.put("comment", "only a comment may follow here");
  }

  /** A message of the library, translated. */
  static String of(String message) {
    return WORDS.entrySet().stream()
        .filter(entry -> message.contains(entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("its structure cannot be understood");
  }
}
