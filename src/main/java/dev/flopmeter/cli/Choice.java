package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.Labelled;
import java.util.ArrayList;
import java.util.List;

/** One of several values, given by their labels. */
record Choice<E extends Labelled>(List<E> values) implements Reading<E> {
  Choice {
    values = List.copyOf(values);
  }

  static <E extends Labelled> Choice<E> of(E[] values) {
    return new Choice<>(List.of(values));
  }

  @Override
  public E read(String text) {
    for (E value : values) {
      if (value.label().equals(text)) {
        return value;
      }
    }
    throw new ModelException("must be " + listed(candidates()) + ", not '" + text + "'");
  }

  @Override
  public List<String> candidates() {
    List<String> labels = new ArrayList<>();
    for (E value : values) {
      labels.add(value.label());
    }
    return labels;
  }

  /** {@code table, json or csv}. */
  static String listed(List<String> labels) {
    int last = labels.size() - 1;
    return last == 0
        ? labels.get(0)
        : String.join(", ", labels.subList(0, last)) + " or " + labels.get(last);
  }
}
