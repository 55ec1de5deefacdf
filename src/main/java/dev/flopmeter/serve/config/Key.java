package dev.flopmeter.serve.config;

import dev.flopmeter.text.Csv;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key of the configuration file; {@code keys.csv} lists all of them.
 *
 * @param path sections and name, with {@code *} for a name chosen in the file
 * @param standard the default as it would be written; null for none
 * @param isList whether a list of values is allowed
 * @param meaning one or two sentences for the reference
 */
record Key(String path, ValueType type, @Nullable String standard, boolean isList, String meaning) {
  private static final Map<String, Key> ALL = read();

  private static Map<String, Key> read() {
    Map<String, Key> all = new LinkedHashMap<>();
    for (List<String> row : Csv.rows(Key.class, "keys.csv")) {
      String standard = row.get(2).isEmpty() ? null : row.get(2);
      boolean isList = row.get(3).equals("yes");
      ValueType type = ValueType.of(row.get(1));
      all.put(row.get(0), new Key(row.get(0), type, standard, isList, row.get(4)));
    }
    return all;
  }

  /** In the order of the reference. */
  static List<Key> all() {
    return List.copyOf(ALL.values());
  }

  static Key at(String path) {
    return Objects.requireNonNull(ALL.get(path), path);
  }

  /** What may stand directly in a section: keys and sections. */
  static Set<String> namesIn(String section) {
    Set<String> names = new LinkedHashSet<>();
    String prefix = section.isEmpty() ? "" : section + ".";
    for (String path : ALL.keySet()) {
      if (path.startsWith(prefix)) {
        names.add(path.substring(prefix.length()).split("\\.", 2)[0]);
      }
    }
    return names;
  }

  /** The last part of the path. */
  String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** A value as the file has it. */
  Object parse(String text) {
    return type.parse().apply(text);
  }
}
