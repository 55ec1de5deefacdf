package dev.flopmeter.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;

/** Lines of comma-separated values; a field in double quotes may hold commas (RFC 4180). */
public final class Csv {
  private Csv() {}

  /** The fields as one line, with its end. */
  public static String line(List<String> fields) {
    StringJoiner line = new StringJoiner(",", "", "\r\n");
    for (String field : fields) {
      line.add(quoted(field));
    }
    return line.toString();
  }

  /**
   * A field, in quotes where it needs them. A text that a spreadsheet would run as a formula gets
   * an apostrophe in front: layer names come from model files.
   */
  private static String quoted(String field) {
    boolean isFormula = !field.isEmpty() && "=+-@\t\r".indexOf(field.charAt(0)) >= 0;
    String safe = isFormula ? "'" + field : field;
    boolean needsQuotes = false;
    for (int i = 0; i < safe.length() && !needsQuotes; i++) {
      needsQuotes = "\",\n\r".indexOf(safe.charAt(i)) >= 0;
    }
    return needsQuotes ? '"' + safe.replace("\"", "\"\"") + '"' : safe;
  }

  /**
   * The rows of a table that comes with the application, without its header. Lines that begin with
   * {@code #} are comments.
   *
   * @param beside a class of the package that the resource belongs to
   */
  public static List<List<String>> rows(Class<?> beside, String resource) {
    List<List<String>> rows = new ArrayList<>();
    for (String line : lines(beside, resource)) {
      rows.add(split(line));
    }
    return rows;
  }

  /** The lines of such a table by every word of their first fields, for who needs few of them. */
  public static Map<String, String> linesByWord(Class<?> beside, String resource) {
    Map<String, String> lines = new HashMap<>();
    for (String line : lines(beside, resource)) {
      for (String word : line.substring(0, line.indexOf(',')).split(" ", -1)) {
        if (lines.put(word, line) != null) {
          throw new IllegalStateException(word + " has two lines in " + resource);
        }
      }
    }
    return lines;
  }

  private static List<String> lines(Class<?> beside, String resource) {
    List<String> lines = new ArrayList<>();
    // Loops, not streams: setting those up would take a third of a short command's own time.
    for (String line : Resource.text(beside, resource).split("\n", -1)) {
      if (!line.isEmpty() && line.charAt(0) != '#') {
        lines.add(line);
      }
    }
    return lines.subList(1, lines.size());
  }

  /** The rest of each row by every word of its first field, in their order. */
  public static Map<String, List<String>> byWord(Class<?> beside, String resource) {
    Map<String, List<String>> rows = new LinkedHashMap<>();
    for (List<String> row : rows(beside, resource)) {
      for (String word : row.get(0).split(" ", -1)) {
        rows.put(word, row.subList(1, row.size()));
      }
    }
    return rows;
  }

  /** The fields of a line without its end. */
  public static List<String> split(String line) {
    if (line.indexOf('"') < 0) {
      return List.of(line.split(",", -1));
    }
    List<String> fields = new ArrayList<>();
    int end;
    for (int from = 0; from <= line.length(); from = end + 1) {
      boolean isQuoted = line.startsWith("\"", from);
      end = from;
      while (isQuoted && line.startsWith("\"", end)) { // two in a row are a part of the field
        end = Objects.checkIndex(line.indexOf('"', end + 1), line.length()) + 1;
      }
      String inQuotes = isQuoted ? line.substring(from + 1, end - 1).replace("\"\"", "\"") : "";
      int comma = line.indexOf(',', end);
      String rest = line.substring(end, comma < 0 ? line.length() : comma);
      fields.add(isQuoted ? inQuotes + rest : rest);
      end = comma < 0 ? line.length() : comma;
    }
    return fields;
  }
}
