package dev.flopmeter.text;

/** Long texts cut short, never inside a character; an ellipsis marks what is missing. */
public final class Cut {
  private static final int LONGEST_NAME = 120;

  private Cut() {}

  /** A name for a sentence or a label, which a screen reader reads in full. */
  public static String name(String name) {
    return end(name, LONGEST_NAME);
  }

  /** The first {@code most} characters. */
  public static String end(String text, int most) {
    return text.codePointCount(0, text.length()) <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, most)) + "…";
  }

  /** The last characters, {@code most} with the ellipsis. */
  public static String start(String text, int most) {
    int length = text.codePointCount(0, text.length());
    return length <= most
        ? text
        : "…" + text.substring(text.offsetByCodePoints(0, length - most + 1));
  }

  /** The first and the last {@code most / 2} characters; in messages these say where and what. */
  public static String middle(String text, int most) {
    int length = text.codePointCount(0, text.length());
    return length <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, most / 2))
            + " … "
            + text.substring(text.offsetByCodePoints(0, length - most / 2));
  }
}
