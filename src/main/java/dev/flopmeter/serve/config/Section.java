package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.YamlNode.Entry;
import dev.flopmeter.serve.config.YamlNode.Mapping;
import dev.flopmeter.serve.config.YamlNode.Scalar;
import dev.flopmeter.serve.config.YamlNode.Sequence;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One section of the file. Opening it reports unknown keys. A value that does not parse is
 * reported, and replaced by the default so that reading continues.
 */
final class Section {
  private final String path;

  /** The path in the table of keys, with stars for chosen names. */
  private final String pattern;

  private final Map<String, Key> keys;

  private final Mapping mapping;
  private final Problems problems;

  private Section(
      String path, String pattern, Map<String, Key> keys, Mapping mapping, Problems problems) {
    this.path = path;
    this.keys = keys;
    this.pattern = pattern;
    this.mapping = mapping;
    this.problems = problems;
    Set<String> known = Key.namesIn(keys, pattern);
    if (!known.contains("*")) {
      mapping.entries().forEach((name, entry) -> check(name, entry, known));
    }
  }

  static Section top(Map<String, Key> keys, Mapping mapping, Problems problems) {
    return new Section("", "", keys, mapping, problems);
  }

  private void check(String name, Entry entry, Set<String> known) {
    Key key = keys.get(inside(name));
    if (key != null && key.type().name().equals(ValueType.REFUSED)) {
      problems.add(entry.line(), at(name), "is not supported; " + key.meaning());
    } else if (!known.contains(name)) {
      String hint =
          NearestName.of(name, known)
              .map(near -> "did you mean " + near + "?")
              .orElse("known here: " + String.join(", ", known));
      problems.add(entry.line(), at(name), "unknown key; " + hint);
    }
  }

  /** Reports a problem of a key, at its line or, where it is missing, at the section's. */
  void problem(String name, String message) {
    Entry entry = mapping.entries().get(name);
    problems.add(entry == null ? mapping.line() : entry.line(), at(name), message);
  }

  /** A section in this one; an empty one if it is missing. */
  Section section(String name) {
    return open(name, name);
  }

  /** Sections whose names are chosen in the file, in its order. */
  Map<String, Section> named() {
    Map<String, Section> sections = new LinkedHashMap<>();
    mapping.entries().keySet().forEach(name -> sections.put(name, open(name, "*")));
    return sections;
  }

  boolean has(String name) {
    return mapping.entries().containsKey(name);
  }

  private Section open(String name, String patternName) {
    Entry entry = mapping.entries().get(name);
    Mapping child = new Mapping(entry == null ? mapping.line() : entry.line(), Map.of());
    if (entry != null) {
      if (entry.value() instanceof Mapping given) {
        child = new Mapping(entry.line(), given.entries());
      } else if (!(entry.value() instanceof Scalar scalar && scalar.isNull())) {
        problems.add(entry.line(), at(name), "is " + entry.value().kind() + "; expected a section");
      }
    }
    return new Section(at(name), inside(patternName), keys, child, problems);
  }

  /** The value of a key that has a default. */
  <T> T get(String name, Class<T> type) {
    Key key = key(name);
    return find(name, type)
        .orElseGet(() -> type.cast(key.parse(Objects.requireNonNull(key.standard()))));
  }

  /** The value of a key without one. */
  <T> Optional<T> find(String name, Class<T> type) {
    Entry entry = mapping.entries().get(name);
    return entry == null ? Optional.empty() : parse(key(name), name, entry.value(), type);
  }

  /** One value or several. */
  <T> List<T> list(String name, Class<T> type) {
    Key key = key(name);
    Entry entry = mapping.entries().get(name);
    List<T> values = new ArrayList<>();
    List<YamlNode> items = List.of();
    if (entry != null) {
      items = entry.value() instanceof Sequence list ? list.items() : List.of(entry.value());
      if (items.isEmpty()) {
        problem(name, "is an empty list");
      }
    }
    for (YamlNode item : items) {
      parse(key, name, item, type)
          .ifPresent(
              value -> {
                if (values.contains(value)) {
                  problems.add(item.line(), at(name), value + " is in the list twice");
                }
                values.add(value);
              });
    }
    if (values.isEmpty() && key.standard() != null) {
      values.add(type.cast(key.parse(key.standard())));
    }
    return List.copyOf(values);
  }

  /** Keys that are chosen in the file, with their values. */
  Map<String, String> texts() {
    Map<String, String> values = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(
            (name, entry) ->
                parse(key("*"), name, entry.value(), String.class)
                    .ifPresent(value -> values.put(name, value)));
    return Collections.unmodifiableMap(values);
  }

  /** A text as the value of a key; throws IllegalArgumentException with what is allowed. */
  Object parsed(String name, String text) {
    return key(name).parse(text);
  }

  private Key key(String name) {
    return Objects.requireNonNull(keys.get(inside(name)), name);
  }

  private String inside(String name) {
    return pattern.isEmpty() ? name : pattern + "." + name;
  }

  private <T> Optional<T> parse(Key key, String name, YamlNode node, Class<T> type) {
    if (!(node instanceof Scalar scalar) || scalar.isNull()) {
      problems.add(node.line(), at(name), "is " + node.kind() + "; expected " + key.type().name());
      return Optional.empty();
    }
    try {
      return Optional.of(type.cast(key.parse(scalar.text().strip())));
    } catch (IllegalArgumentException e) {
      // User-defined names precede secrets, which do not appear in messages.
      String shown = key.path().endsWith("*") ? "" : "\"" + scalar.text() + "\": ";
      problems.add(node.line(), at(name), shown + e.getMessage());
      return Optional.empty();
    }
  }

  private String at(String name) {
    return path.isEmpty() || name.isEmpty() ? path + name : path + "." + name;
  }
}
