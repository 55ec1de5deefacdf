package dev.flopmeter.report.finding;

import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A column of a table, defined once for every form of the table.
 *
 * @param title in text and CSV
 * @param heading in Markdown and HTML
 * @param least characters that cutting leaves of it in text; {@link #WHOLE} if it is never cut
 * @param isExtra whether text omits it if it does not fit
 * @param value of a row; null if it is absent
 */
public record Column<R>(
    String title,
    String heading,
    Kind kind,
    int least,
    boolean isExtra,
    Function<R, @Nullable Object> value) {
  public static final int WHOLE = Integer.MAX_VALUE;

  public enum Kind {
    /** A name from a model, whose end matters most, such as {@code layer4.2.conv3}. */
    NAME,
    TEXT,
    /** Aligned right. */
    FIGURE
  }

  public static <R> Column<R> name(String title, int least, Function<R, @Nullable Object> value) {
    return new Column<>(title, capitalized(title), Kind.NAME, least, false, value);
  }

  public static <R> Column<R> text(String title, Function<R, @Nullable Object> value) {
    return new Column<>(title, capitalized(title), Kind.TEXT, WHOLE, false, value);
  }

  public static <R> Column<R> figure(String title, Function<R, @Nullable Object> value) {
    return new Column<>(title, capitalized(title), Kind.FIGURE, WHOLE, false, value);
  }

  public static <R, V> Column<R> figure(
      String title, Function<R, @Nullable V> value, Function<V, String> format) {
    return figure(title, row -> formatted(value.apply(row), format));
  }

  private static <V> @Nullable String formatted(@Nullable V value, Function<V, String> format) {
    return value == null ? null : format.apply(value);
  }

  /** The same, cut at the front to this many characters if a line is too long. */
  public Column<R> cutTo(int characters) {
    return new Column<>(title, heading, kind, characters, isExtra, value);
  }

  public Column<R> headed(String other) {
    return new Column<>(title, other, kind, least, isExtra, value);
  }

  public Column<R> extra() {
    return new Column<>(title, heading, kind, least, true, value);
  }

  public boolean isFigure() {
    return kind == Kind.FIGURE;
  }

  private static String capitalized(String title) {
    return title.isEmpty()
        ? ""
        : title.substring(0, 1).toUpperCase(Locale.ROOT) + title.substring(1);
  }

  public String cell(R row, String absent) {
    Object known = value.apply(row);
    return known == null ? absent : known.toString();
  }
}
