package dev.flopmeter.report.text;

import dev.flopmeter.text.Printable;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The capabilities of the output.
 *
 * @param width columns; at least 40
 * @param colour whether escape sequences may be used
 * @param unicode whether characters beyond ASCII can be shown
 * @param allLayers whether long lists are shown whole
 */
public record TerminalStyle(int width, boolean colour, boolean unicode, boolean allLayers) {
  /** A log or a file: 80 columns, no colour, long lists abbreviated. */
  public static final TerminalStyle PLAIN = new TerminalStyle(80, false, true, false);

  static final int NARROWEST = 40;

  public TerminalStyle {
    width = Math.max(NARROWEST, width);
  }

  /**
   * The style of this process's output.
   *
   * @param environment of the process: {@code COLUMNS}, {@code NO_COLOR}, {@code TERM}
   * @param output whose width and kind are queried
   */
  public static TerminalStyle of(
      Map<String, String> environment, Terminal output, Charset charset, boolean allLayers) {
    boolean noColour = !environment.getOrDefault("NO_COLOR", "").isEmpty();
    boolean dumb = "dumb".equals(environment.get("TERM"));
    String columns = environment.getOrDefault("COLUMNS", "");
    int width =
        !columns.isEmpty() && columns.matches("[0-9]{1,4}")
            ? Integer.parseInt(columns)
            : output.columns().orElse(PLAIN.width());
    return new TerminalStyle(
        width,
        output.isTerminal() && !noColour && !dumb,
        charset.equals(StandardCharsets.UTF_8),
        allLayers);
  }

  public TerminalStyle withAllLayers(boolean all) {
    return new TerminalStyle(width, colour, unicode, all);
  }

  String bold(String text) {
    return escape("1", text);
  }

  String dim(String text) {
    return escape("2", text);
  }

  String red(String text) {
    return escape("31", text);
  }

  String green(String text) {
    return escape("32", text);
  }

  String yellow(String text) {
    return escape("33", text);
  }

  String cyan(String text) {
    return escape("36", text);
  }

  private String escape(String code, String text) {
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  /** {@code text} in characters that the output can show. */
  String fit(String text) {
    if (unicode || Printable.isPlain(text)) {
      return text;
    }
    String ascii = text.replace('µ', 'u').replace('·', '-').replace('…', '~').replace('×', 'x');
    return ascii.replaceAll("[\u2500-\u259f]", "-").replaceAll("[^\\x00-\\x7f]", "?");
  }

  /** Printable lines of at most {@code most} characters, all but the first indented. */
  List<String> wrapped(String text, int most, int indent) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : fit(Printable.of(text)).split(" ", -1)) {
      if (!line.toString().isBlank() && line.length() + 1 + word.length() > most) {
        lines.add(line.toString());
        line.setLength(0);
        line.append(" ".repeat(indent));
      } else if (line.length() > 0 || word.isEmpty()) {
        line.append(' ');
      }
      line.append(word);
    }
    lines.add(line.toString().stripTrailing());
    return lines;
  }
}
