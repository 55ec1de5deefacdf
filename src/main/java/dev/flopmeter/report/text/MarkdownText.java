package dev.flopmeter.report.text;

import dev.flopmeter.text.Printable;

/** Texts of unknown origin as parts of a Markdown document. */
final class MarkdownText {
  private MarkdownText() {}

  /** Escapes text so that nothing in it is Markdown or HTML. */
  static String escaped(String text) {
    return Printable.of(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replaceAll("([\\\\`*_\\[\\]|#~])", "\\\\$1");
  }

  /** A name in a code span of a table cell; back-quotes and bars are not possible in one. */
  static String code(String name) {
    String clean = Printable.of(name);
    return clean.contains("`") || clean.contains("|") ? escaped(clean) : "`" + clean + "`";
  }

  /** A paragraph in bold. */
  static void title(StringBuilder out, String text) {
    out.append("**").append(escaped(text)).append("**\n\n");
  }

  /** Paragraphs that stand out. */
  static void notes(StringBuilder out, String start, Iterable<String> notes) {
    notes.forEach(note -> out.append("> ").append(start).append(escaped(note)).append("\n\n"));
  }
}
