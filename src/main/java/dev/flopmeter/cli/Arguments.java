package dev.flopmeter.cli;

import dev.flopmeter.cli.Argument.Form;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Arguments that belong together, each declared by the field that holds it; its label, its default
 * and its help are a row of {@code options.csv}.
 */
abstract class Arguments {
  /** The rows by class and name: label, default, help. */
  private static final Map<String, List<String>> ROWS = new HashMap<>();

  static {
    for (List<String> row : Csv.rows(Arguments.class, "options.csv")) {
      ROWS.put(row.get(0) + " " + row.get(1), row.subList(2, row.size()));
    }
  }

  private final List<Argument<?>> declared = new ArrayList<>();

  /** All declared arguments, in order. */
  final List<Argument<?>> declared() {
    return declared;
  }

  /** Adds the arguments of {@code group}. */
  final <A extends Arguments> A with(A group) {
    declared.addAll(group.declared());
    return group;
  }

  private List<String> row(String name) {
    String key = getClass().getSimpleName() + " " + name;
    return Objects.requireNonNull(ROWS.get(key), key);
  }

  /**
   * Reads a plain command line: options by their whole names, each once, and one word for each
   * parameter. Setting picocli up takes a fifth of a short command's time, so it only handles all
   * other lines, and every error.
   *
   * @return whether the arguments now have their values
   */
  final boolean readPlain(List<String> line) {
    int parameters = 0;
    boolean isPlain = true;
    for (int i = 0; i < line.size() && isPlain; i++) {
      String word = line.get(i);
      boolean isOption = word.startsWith("-");
      int end = isOption && word.indexOf('=') > 0 ? word.indexOf('=') : word.length();
      Argument<?> argument = find(isOption ? word.substring(0, end) : parameters++ + "");
      boolean isFlag = argument != null && argument.form() == Form.FLAG;
      String value =
          isFlag ? "true" : isOption && end < word.length() ? word.substring(end + 1) : word;
      if (isOption && !isFlag && end == word.length() && ++i < line.size()) {
        value = line.get(i);
      }
      if (argument == null || (isFlag && end < word.length()) || !isPlain(argument, value)) {
        isPlain = false;
      } else {
        argument.words().add(value);
      }
    }
    for (Argument<?> argument : declared) {
      isPlain &= !argument.isRequired() || !argument.words().isEmpty();
    }
    if (!isPlain) {
      declared.forEach(argument -> argument.words().clear());
    }
    return isPlain;
  }

  private @Nullable Argument<?> find(String name) {
    for (Argument<?> argument : declared) {
      if (argument.names().contains(name)) {
        return argument;
      }
    }
    return null;
  }

  /** Whether picocli would accept {@code value} unchanged. */
  private static boolean isPlain(Argument<?> argument, String value) {
    boolean isList = argument.form() == Form.LIST;
    boolean isSeveral = isList ? value.indexOf(',') >= 0 : !argument.words().isEmpty();
    if (isSeveral || value.isEmpty() || "-@\"'".indexOf(value.charAt(0)) >= 0) {
      return false;
    }
    try {
      argument.reading().read(value);
      return true;
    } catch (RuntimeException e) {
      return false; // picocli reports the error
    }
  }

  /** An option without a value. */
  final Argument<Boolean> flag(String name) {
    return declare(Form.FLAG, name, new Reading.Flag(), "false");
  }

  /**
   * An option. Its help states the default value; without one, use {@link Argument#find()}.
   *
   * @param names one name, or several separated by spaces
   */
  final <T> Argument<T> option(String names, Reading<T> reading) {
    return option(names, reading, row(names).get(1));
  }

  /** An option whose default value depends on the command. */
  final <T> Argument<T> option(String names, Reading<T> reading, String fallback) {
    return declare(Form.OPTION, names, reading, fallback);
  }

  /** An option that must be given. */
  final <T> Argument<T> required(String name, Reading<T> reading) {
    return declare(Form.REQUIRED_OPTION, name, reading, "");
  }

  /** An option for tests, which no help shows. */
  final Argument<String> hidden(String name) {
    return declare(Form.HIDDEN_OPTION, name, new Reading.Text(), "");
  }

  /**
   * An option that may be repeated; use {@link Argument#all()}.
   *
   * @param separator the separator between values of one word; empty if each word is one value
   * @param words the texts for the placeholders in its help
   */
  final <T> Argument<T> list(String name, Reading<T> reading, String separator, Object... words) {
    return declare(Form.LIST, name, reading, separator, words);
  }

  /** A parameter that must be given, at this position. */
  final <T> Argument<T> parameter(int index, Reading<T> reading) {
    return declare(Form.PARAMETER, index + "", reading, "");
  }

  /** A parameter with one or more values; use {@link Argument#all()}. */
  final Argument<String> parameters() {
    return declare(Form.PARAMETERS, "1..*", new Reading.Text(), "");
  }

  private <T> Argument<T> declare(
      Form form, String names, Reading<T> reading, String fallback, Object... words) {
    List<String> row = row(names);
    List<String> choices = reading.candidates();
    boolean hasDefault = form == Form.OPTION && !fallback.isEmpty();
    String help =
        row.get(2)
            + (choices.isEmpty() ? "" : ": " + Choice.listed(choices))
            + (hasDefault ? "; default: " + fallback : "");
    Argument<T> argument =
        new Argument<>(
            form,
            List.of(names.split(" ", -1)),
            reading,
            fallback,
            row.get(0),
            words.length == 0 ? help : help.formatted(words),
            new ArrayList<>());
    declared.add(argument);
    return argument;
  }
}
