package dev.flopmeter.serve.config;

import dev.flopmeter.text.Csv;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key of a configuration file.
 *
 * @param path sections and name, with {@code *} for a name chosen in the file
 * @param standard the default as it would be written; null for none
 * @param isList whether a list of values is allowed
 * @param meaning one or two sentences for the reference
 */
record Key(String path, ValueType type, @Nullable String standard, boolean isList, String meaning) {
  /** The keys of flopmeter's own file by path, in the order of the reference. */
  static final Map<String, Key> OWN = read("keys.csv");

  /** Those of the web configuration that Prometheus' exporters share. */
  static final Map<String, Key> WEB = read("web-keys.csv");

  private static Map<String, Key> read(String table) {
    Map<String, Key> all = new LinkedHashMap<>();
    for (List<String> row : Csv.rows(Key.class, table)) {
      String standard = row.get(2).isEmpty() ? null : row.get(2);
      boolean isList = row.get(3).equals("yes");
      ValueType type = ValueType.of(row.get(1));
      all.put(row.get(0), new Key(row.get(0), type, standard, isList, row.get(4)));
    }
    return Collections.unmodifiableMap(all);
  }

  /** What may be directly in a section: keys and sections. */
  static Set<String> namesIn(Map<String, Key> keys, String section) {
    Set<String> names = new LinkedHashSet<>();
    String prefix = section.isEmpty() ? "" : section + ".";
    for (String path : keys.keySet()) {
      if (path.startsWith(prefix)) {
        names.add(path.substring(prefix.length()).split("\\.", 2)[0]);
      }
    }
    return names;
  }

  Object parse(String text) {
    return type.parse().apply(text);
  }
}
