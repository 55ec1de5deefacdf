package dev.flopmeter.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An option or a parameter of a command.
 *
 * @param <T> the type of one value
 * @param names of an option, the longest last; the position of a parameter, or how many there are
 * @param fallback the text of the default value; for a list, the separator between values of one
 *     word, empty if each word is one value
 * @param words the words of the command line, one per value; filled when it is parsed
 */
record Argument<T>(
    Form form,
    List<String> names,
    Reading<T> reading,
    String fallback,
    String label,
    String help,
    List<String> words) {
  /** The form in which it is given. */
  enum Form {
    FLAG,
    OPTION,
    HIDDEN_OPTION,
    REQUIRED_OPTION,
    LIST,
    PARAMETER,
    PARAMETERS;

    boolean isOption() {
      return compareTo(PARAMETER) < 0;
    }
  }

  boolean isRequired() {
    return !form.isOption() || form == Form.REQUIRED_OPTION;
  }

  String name() {
    return names.get(names.size() - 1);
  }

  /** Returns the value, or the default. */
  T get() {
    return reading.read(words.isEmpty() ? fallback : words.get(words.size() - 1));
  }

  /** Returns the value that was given last. */
  Optional<T> find() {
    int count = words.size();
    return count == 0 ? Optional.empty() : Optional.of(reading.read(words.get(count - 1)));
  }

  List<T> all() {
    List<T> all = new ArrayList<>();
    for (String word : words) {
      all.add(reading.read(word));
    }
    return all;
  }
}
