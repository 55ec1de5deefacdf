package dev.flopmeter.report.page;

import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * HTML or SVG being written. All text and every attribute value is escaped here and nowhere else,
 * and every element is closed by name, so that text from a model file cannot become markup.
 *
 * <p>An element is given as in a style sheet, with its classes, and then its attributes: {@code
 * "td.n scope=row hidden"} is {@code <td class="n" scope="row" hidden>}. A value that is not a
 * constant is written {@code %s} and given behind, in order; where it is null, the attribute is
 * left out.
 */
public final class Markup {
  /** Elements of HTML that have no content and no closing tag. */
  private static final Set<String> VOID = Set.of("meta", "link", "input", "br", "hr", "col");

  private final StringBuilder out = new StringBuilder(1 << 16);
  private final Deque<String> open = new ArrayDeque<>();

  /** Begins an element. */
  public Markup open(String element, @Nullable Object... values) {
    open.push(tag(element, values));
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
  public Markup empty(String element, @Nullable Object... values) {
    String name = tag(element, values);
    if (!VOID.contains(name)) {
      out.append("</").append(name).append(">");
    }
    return this;
  }

  /** An element that holds a text. */
  public Markup element(String element, String text, @Nullable Object... values) {
    String name = tag(element, values);
    escape(text);
    out.append("</").append(name).append(">");
    return this;
  }

  /**
   * The head of a table.
   *
   * @param texts titles of the columns that hold no figures
   */
  public Markup head(List<String> titles, Collection<String> texts) {
    open("thead").open("tr");
    for (String title : titles) {
      element((texts.contains(title) ? "th" : "th.n") + " scope=col", title);
    }
    return close("tr").close("thead");
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
  Markup raw(String element, String content, @Nullable Object... values) {
    if (content.contains("</") || content.contains("<!--")) {
      throw new IllegalArgumentException("the " + element + " holds '</' or '<!--'");
    }
    String name = tag(element, values);
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
    return BigDecimal.valueOf(Math.round(value * 100), 2).stripTrailingZeros().toPlainString();
  }

  /** Writes the opening tag and returns the element's name. */
  private String tag(String element, @Nullable Object... values) {
    String[] parts = element.split(" ", -1);
    int dot = parts[0].indexOf('.');
    String name = dot < 0 ? parts[0] : parts[0].substring(0, dot);
    out.append('<').append(name);
    if (dot >= 0) {
      attribute("class", parts[0].substring(dot + 1).replace('.', ' '));
    }
    int given = 0;
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      String constant = parts[i].substring(equals + 1);
      if (equals < 0) {
        attribute(parts[i], "");
      } else if (!constant.equals("%s")) {
        attribute(parts[i].substring(0, equals), constant);
      } else if (given == values.length) {
        throw new IllegalArgumentException("a value is missing: " + element);
      } else {
        attribute(parts[i].substring(0, equals), values[given++]);
      }
    }
    if (given < values.length) {
      throw new IllegalArgumentException("too many values: " + element);
    }
    out.append('>');
    return name;
  }

  private void attribute(String name, @Nullable Object value) {
    if (value == null) {
      return;
    }
    out.append(' ').append(name);
    String text = value instanceof Double number ? at(number) : value.toString();
    if (!text.isEmpty()) {
      out.append("=\"");
      escape(text);
      out.append('"');
    }
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
