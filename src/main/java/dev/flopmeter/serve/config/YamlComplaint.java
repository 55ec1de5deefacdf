package dev.flopmeter.serve.config;

import java.util.List;

/** What the YAML library says is wrong, in words for the author of the file. */
final class YamlComplaint {
  private YamlComplaint() {}

  /** What a message contains, and what it means; the first text that is found decides. */
  private static final List<String[]> WORDS =
      """
      TAB | a tab is used for indentation; use spaces
      cannot start any token | a value starts with a special character; put it in quotes
      mapping values are not allowed | a colon is not allowed here; put the value in quotes
      mapping keys are not allowed | a question mark is not allowed here; put the value in quotes
      sequence entries are not allowed | a list item is not allowed here; start it on a line of its own
      end of stream | the file ends inside quotes
      ',' or '}' | a } or a comma is missing
      ',' or ']' | a ] or a comma is missing
      expected <block end> | the indentation does not match the lines before
      expected the node content | a value is missing
      special characters | the file contains a control character
      property name | a key must be a single word, not a list or a section
      expected ':' | a key is not followed by a colon
      escape | an escape in double quotes is unknown; write \\\\ for a backslash
      chomping | only +, - or a digit may follow the sign of a text block
      indentation indicator | only +, - or a digit may follow the sign of a text block
      <document start> | the file holds more than one document; keep one
      document separator | the file holds more than one document; keep one
      Version{ | directives (%NAME) are not supported
      directive | directives (%NAME) are not supported
      tag | tags (!name) are not supported
      URI | tags (!name) are not supported
      expected '>' | tags (!name) are not supported
      alias | anchors and aliases (&name, *name) are not supported
      unexpected character | anchors, aliases and tags (&name, *name, !name) are not supported
      alphabetic | anchors, aliases and tags (&name, *name, !name) are not supported
      maximum | a part of the file is too large
      comment | only a comment may follow here
      """
          .lines()
          .map(row -> row.split(" \\| ", 2))
          .toList();

  /** A message of the library, translated. */
  static String of(String message) {
    return WORDS.stream()
        .filter(words -> message.contains(words[0]))
        .map(words -> words[1])
        .findFirst()
        .orElse("its structure cannot be understood");
  }
}
