package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.YamlNode.Entry;
import dev.flopmeter.serve.config.YamlNode.Mapping;
import dev.flopmeter.serve.config.YamlNode.Scalar;
import dev.flopmeter.serve.config.YamlNode.Sequence;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One section of the file. Opening it reports unknown keys. A value that does not parse is
 * reported, and replaced by the default so that reading continues.
 */
final class Section {
  /** The path in the file. */
  private final String path;

  /** The path in {@link Keys}, with stars for chosen names. */
  private final String pattern;

  private final Mapping mapping;
  private final Problems problems;

  private Section(String path, String pattern, Mapping mapping, Problems problems) {
    this.path = path;
    this.pattern = pattern;
    this.mapping = mapping;
    this.problems = problems;
    Set<String> known = Keys.namesIn(pattern);
    if (!known.contains("*")) {
      mapping.entries().forEach((name, entry) -> check(name, entry, known));
    }
  }

  static Section top(Mapping mapping, Problems problems) {
    return new Section("", "", mapping, problems);
  }

  private void check(String name, Entry entry, Set<String> known) {
    if (!known.contains(name)) {
      String hint =
          NearestName.of(name, known)
              .map(near -> "did you mean " + near + "?")
              .orElse("known here: " + String.join(", ", known));
      problems.add(entry.line(), at(name), "unknown key; " + hint);
    }
  }

  int line() {
    return mapping.line();
  }

  String path() {
    return path;
  }

  void problem(int line, String name, String message) {
    problems.add(line, at(name), message);
  }

  /** The line of a key, or of the section if the key is missing. */
  int line(Key<?> key) {
    Entry entry = mapping.entries().get(key.name());
    return entry == null ? mapping.line() : entry.line();
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
    String childPattern = pattern.isEmpty() ? patternName : pattern + "." + patternName;
    Entry entry = mapping.entries().get(name);
    Mapping child = new Mapping(entry == null ? mapping.line() : entry.line(), Map.of());
    if (entry != null) {
      if (entry.value() instanceof Mapping given) {
        child = new Mapping(entry.line(), given.entries());
      } else if (!(entry.value() instanceof Scalar scalar && scalar.isNull())) {
        problems.add(entry.line(), at(name), "is " + entry.value().kind() + "; expected a section");
      }
    }
    return new Section(at(name), childPattern, child, problems);
  }

  /** The value of a key that has a default. */
  <T> T get(Key<T> key) {
    return optional(key)
        .orElseGet(() -> key.type().parse().apply(Objects.requireNonNull(key.standard())));
  }

  /** The value of a key without one. */
  <T> Optional<T> optional(Key<T> key) {
    Entry entry = entry(key);
    return entry == null ? Optional.empty() : parse(key, key.name(), entry.value());
  }

  /** One value or several. */
  <T> List<T> list(Key<T> key) {
    Entry entry = entry(key);
    List<T> values = new ArrayList<>();
    if (entry != null && entry.value() instanceof Sequence sequence) {
      if (sequence.items().isEmpty()) {
        problems.add(entry.line(), at(key.name()), "is an empty list");
      }
      for (YamlNode item : sequence.items()) {
        parse(key, key.name(), item)
            .ifPresent(
                value -> {
                  if (values.contains(value)) {
                    problems.add(item.line(), at(key.name()), value + " is in the list twice");
                  }
                  values.add(value);
                });
      }
    } else if (entry != null) {
      parse(key, key.name(), entry.value()).ifPresent(values::add);
    }
    if (values.isEmpty() && key.standard() != null) {
      values.add(key.type().parse().apply(key.standard()));
    }
    return values;
  }

  /** Keys that are chosen in the file, with their values. */
  <T> Map<String, T> values(Key<T> key) {
    Map<String, T> values = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(
            (name, entry) ->
                parse(key, name, entry.value()).ifPresent(value -> values.put(name, value)));
    return values;
  }

  private @Nullable Entry entry(Key<?> key) {
    if (!key.section().equals(pattern)) {
      throw new IllegalArgumentException(key.path() + " is not a key of section " + pattern);
    }
    return mapping.entries().get(key.name());
  }

  private <T> Optional<T> parse(Key<T> key, String name, YamlNode node) {
    if (!(node instanceof Scalar scalar) || scalar.isNull()) {
      problems.add(node.line(), at(name), "is " + node.kind() + "; expected " + key.type().name());
      return Optional.empty();
    }
    try {
      return Optional.of(key.type().parse().apply(scalar.text().strip()));
    } catch (IllegalArgumentException e) {
      problems.add(node.line(), at(name), shown(key, scalar.text()) + e.getMessage());
      return Optional.empty();
    }
  }

  /** Secrets do not appear in messages, which may be logged. */
  private static String shown(Key<?> key, String text) {
    return key.equals(Keys.USERS) || key.equals(Keys.OTLP_HEADERS) ? "" : "\"" + text + "\": ";
  }

  private String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}
