package dev.flopmeter.text;

/**
 * Text on one line. Names come from model files and messages from libraries: both may hold
 * anything, and nothing in them may break a line or steer a terminal.
 */
public final class Printable {
  private Printable() {}

  /** {@code text} with control, format and unassigned characters replaced by U+FFFD. */
  public static String of(String text) {
    return isPlain(text) ? text : cleaned(text);
  }

  /** The lines of {@code text} joined by spaces, then as {@link #of}. */
  public static String oneLine(String text) {
    return of(text.strip().replaceAll("\\s*[\\r\\n]+\\s*", " "));
  }

  /** Whether all of it is printable ASCII, as nearly every text is: that costs no copy. */
  public static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return true;
  }

  private static String cleaned(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints().map(Printable::cleaned).forEach(clean::appendCodePoint);
    return clean.toString();
  }

  private static int cleaned(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          '\uFFFD';
      default -> codePoint;
    };
  }
}
