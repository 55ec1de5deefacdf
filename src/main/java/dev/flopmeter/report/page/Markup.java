package dev.flopmeter.report.page;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * HTML or SVG being written. All text and every attribute value is escaped here and nowhere else,
 * and every element is closed by name, so that text from a model file cannot become markup.
 *
 * <p>An element is given as in a style sheet, with its classes: {@code td.n} is {@code <td
 * class="n">}. Attributes are given as name, value, name, value, ...; one whose value is null is
 * left out, and one with an empty value stands for a switch ({@code hidden}).
 */
public final class Markup {
  /** Elements of HTML that have no content and no closing tag. */
  private static final Set<String> VOID = Set.of("meta", "link", "input", "br", "hr", "col");

  private final StringBuilder out = new StringBuilder(1 << 16);
  private final Deque<String> open = new ArrayDeque<>();

  /** Begins an element. */
  public Markup open(String element, @Nullable Object... attributes) {
    open.push(tag(element, attributes));
    return this;
  }

  /**
   * Ends the innermost element.
   *
   * @param element its name, which must fit
   */
  public Markup close(String element) {
    if (open.isEmpty() || !open.peek().equals(element)) {
      throw new IllegalStateException(
          "</" + element + "> where " + (open.isEmpty() ? "nothing" : open.peek()) + " is open");
    }
    open.pop();
    out.append("</").append(element).append(">");
    return this;
  }

  /** An element that holds nothing. */
  public Markup empty(String element, @Nullable Object... attributes) {
    String name = tag(element, attributes);
    if (!VOID.contains(name)) {
      out.append("</").append(name).append(">");
    }
    return this;
  }

  /** An element that holds a text. */
  public Markup element(String element, String text, @Nullable Object... attributes) {
    String name = tag(element, attributes);
    escape(text);
    out.append("</").append(name).append(">");
    return this;
  }

  public Markup text(String text) {
    escape(text);
    return this;
  }

  /** A line break in the file, for people who read its source. */
  public Markup line() {
    out.append('\n');
    return this;
  }

  /** Text of unknown direction, isolated from the text around it. */
  public Markup name(String text) {
    return element("bdi", text);
  }

  /**
   * A style sheet or script, written as it is: these elements have no escaping.
   *
   * @throws IllegalArgumentException if it holds what would end the element
   */
  Markup raw(String element, String content, @Nullable Object... attributes) {
    if (content.contains("</") || content.contains("<!--")) {
      throw new IllegalArgumentException("the " + element + " holds '</' or '<!--'");
    }
    String name = tag(element, attributes);
    out.append(content).append("</").append(name).append(">");
    return this;
  }

  /** The document type, before everything else. */
  Markup doctype() {
    out.append("<!doctype html>\n");
    return this;
  }

  /** A coordinate: two decimals, no trailing zeros, a point in every locale. */
  public static String at(double value) {
    long hundredths = Math.round(value * 100);
    long whole = Math.abs(hundredths) / 100;
    long rest = Math.abs(hundredths) % 100;
    String sign = hundredths < 0 ? "-" : "";
    if (rest == 0) {
      return sign + whole;
    }
    return sign + whole + (rest % 10 == 0 ? "." + rest / 10 : (rest < 10 ? ".0" : ".") + rest);
  }

  /** Writes the opening tag and returns the element's name. */
  private String tag(String element, @Nullable Object... attributes) {
    int dot = element.indexOf('.');
    String name = dot < 0 ? element : element.substring(0, dot);
    out.append('<').append(name);
    if (dot >= 0) {
      out.append(" class=\"");
      escape(element.substring(dot + 1).replace('.', ' '));
      out.append('"');
    }
    for (int i = 0; i < attributes.length; i += 2) {
      Object value = attributes[i + 1];
      if (value == null) {
        continue;
      }
      out.append(' ').append(attributes[i]);
      String text = value instanceof Double number ? at(number) : value.toString();
      if (!text.isEmpty()) {
        out.append("=\"");
        escape(text);
        out.append('"');
      }
    }
    out.append('>');
    return name;
  }

  private void escape(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\t', '\n', '\r' -> out.append(c);
        // Other control characters and lone surrogates are not allowed in a document at all.
        default -> out.append(c < ' ' || c == 0x7f || isLone(text, i) ? '\uFFFD' : c);
      }
    }
  }

  private static boolean isLone(String text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c)
        && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
  }

  /**
   * The finished text.
   *
   * @throws IllegalStateException if an element is still open
   */
  @Override
  public String toString() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("<" + open.peek() + "> is not closed");
    }
    return out.toString();
  }
}
