package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One of several values, written as the enum's names in lower case. */
record Choice<E extends Enum<E>>(List<E> values) implements Reading<E> {
  Choice {
    values = List.copyOf(values);
  }

  static <E extends Enum<E>> Choice<E> of(E[] values) {
    return new Choice<>(List.of(values));
  }

  @Override
  public E read(String text) {
    for (E value : values) {
      if (label(value).equals(text)) {
        return value;
      }
    }
    throw new ModelException("must be " + listed(candidates()) + ", not '" + text + "'");
  }

  @Override
  public List<String> candidates() {
    List<String> labels = new ArrayList<>();
    for (E value : values) {
      labels.add(label(value));
    }
    return labels;
  }

  static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** {@code table, json or csv}. */
  static String listed(List<String> labels) {
    int last = labels.size() - 1;
    return last == 0
        ? labels.get(0)
        : String.join(", ", labels.subList(0, last)) + " or " + labels.get(last);
  }
}
