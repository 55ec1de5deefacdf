package dev.flopmeter.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Lines of comma-separated values; a field in double quotes may hold commas (RFC 4180). */
public final class Csv {
  private Csv() {}

  /** The fields as one line, with its end. */
  public static String line(List<String> fields) {
    return fields.stream().map(Csv::quoted).collect(Collectors.joining(",", "", "\r\n"));
  }

  /**
   * A field, in quotes where it needs them. A text that a spreadsheet would run as a formula gets
   * an apostrophe in front: layer names come from model files.
   */
  private static String quoted(String field) {
    boolean isFormula = !field.isEmpty() && "=+-@\t\r".indexOf(field.charAt(0)) >= 0;
    String safe = isFormula ? "'" + field : field;
    boolean needsQuotes =
        safe.chars().anyMatch(c -> c == '"' || c == ',' || c == '\n' || c == '\r');
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
    // Loops, not streams: setting those up would take a third of a short command's own time.
    for (String line : Resource.text(beside, resource).split("\n", -1)) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        rows.add(split(line));
      }
    }
    return List.copyOf(rows.subList(1, rows.size()));
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
    StringBuilder field = new StringBuilder();
    boolean isQuoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"' && isQuoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
        field.append(c);
        i++;
      } else if (c == '"') {
        isQuoted = !isQuoted;
      } else if (c == ',' && !isQuoted) {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return fields;
  }
}
