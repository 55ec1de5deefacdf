package dev.flopmeter.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.ArgSpec;

/**
 * An option or a parameter of a command, and its value once the command line is parsed.
 *
 * @param <T> the type of one value
 * @param fallback the text of the default value
 */
record Argument<T>(ArgSpec spec, Reading<T> reading, String fallback) {
  /** The value, or the default. */
  T get() {
    T value = spec.getValue();
    return value == null ? reading.read(fallback) : value;
  }

  Optional<T> find() {
    return Optional.ofNullable(spec.<T>getValue());
  }

  List<T> all() {
    List<T> values = spec.getValue();
    return values == null ? List.of() : values;
  }
}
