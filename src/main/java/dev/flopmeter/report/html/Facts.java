package dev.flopmeter.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The rows of a table of names and values, without those whose value is null. */
final class Facts {
  record Fact(String name, String value) {}

  private final List<Fact> all = new ArrayList<>();

  Facts add(String name, @Nullable Object value) {
    return add(name, value, Object::toString);
  }

  <V> Facts add(String name, @Nullable V value, Function<V, String> format) {
    if (value != null) {
      all.add(new Fact(name, format.apply(value)));
    }
    return this;
  }

  /** A row per entry, by name. */
  Facts addAll(String start, Map<String, ?> facts) {
    new TreeMap<>(facts).forEach((name, value) -> add(start + name, value));
    return this;
  }

  List<Fact> all() {
    return all;
  }
}
