package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * Arguments that belong together, each declared by the field that holds it; its label, its default
 * and its help are a row of {@code options.csv}. They are declared on picocli's model: reading it
 * from annotations would take a third of a short command's time.
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

  /** All that were declared, in order. */
  final List<Argument<?>> declared() {
    return declared;
  }

  /** Takes the arguments of {@code group}, too. */
  final <A extends Arguments> A with(A group) {
    declared.addAll(group.declared());
    return group;
  }

  private List<String> row(String name) {
    String key = getClass().getSimpleName() + " " + name;
    return Objects.requireNonNull(ROWS.get(key), key);
  }

  private String help(String name, Reading<?> reading) {
    List<String> choices = reading.candidates();
    String help = row(name).get(2);
    return choices.isEmpty() ? help : help + ": " + Choice.listed(choices);
  }

  /** An option without a value. */
  final Argument<Boolean> flag(String name) {
    OptionSpec.Builder spec = OptionSpec.builder(name).type(boolean.class);
    return declare(spec.description(row(name).get(2)).build(), Boolean::valueOf, "false");
  }

  /** An option with a default value, which its help states. */
  final <T> Argument<T> option(String name, Reading<T> reading) {
    return option(name, reading, row(name).get(1));
  }

  /** An option whose default value depends on the command. */
  final <T> Argument<T> option(String name, Reading<T> reading, String fallback) {
    String help = help(name, reading) + "; default: " + fallback;
    return declare(builder(name, reading).description(help).build(), reading, fallback);
  }

  /** An option that must be given. */
  final <T> Argument<T> required(String name, Reading<T> reading) {
    return declare(builder(name, reading).required(true).build(), reading, "");
  }

  /**
   * An option that has no value where it is left out: ask {@link Argument#find()}.
   *
   * @param names one, or several with a space between them
   */
  final <T> Argument<T> optional(String names, Reading<T> reading) {
    return declare(builder(names, reading).build(), reading, "");
  }

  /** An option for tests, which no help shows. */
  final Argument<String> hidden(String name) {
    return declare(builder(name, Reading.TEXT).hidden(true).build(), Reading.TEXT, "");
  }

  /**
   * An option that may be given several times: ask {@link Argument#all()}.
   *
   * @param separator what separates values that are given at once; empty if each is given alone
   * @param words what its help says in the places that are left open for it
   */
  final <T> Argument<T> list(String name, Reading<T> reading, String separator, Object... words) {
    OptionSpec.Builder spec = builder(name, reading).type(List.class).auxiliaryTypes(Object.class);
    String help = help(name, reading);
    return declare(
        spec.splitRegex(separator)
            .description(words.length == 0 ? help : help.formatted(words))
            .build(),
        reading,
        "");
  }

  /** A parameter that must be given, at this position. */
  final <T> Argument<T> parameter(int index, Reading<T> reading) {
    String name = Integer.toString(index);
    return declare(
        PositionalParamSpec.builder()
            .index(name)
            .required(true)
            .paramLabel(row(name).get(0))
            .type(Object.class)
            .converters(new Converter(reading))
            .completionCandidates(reading.candidates())
            .description(help(name, reading))
            .build(),
        reading,
        "");
  }

  /** All parameters, at least one: ask {@link Argument#all()}. */
  final Argument<String> parameters() {
    String arity = "1..*";
    return declare(
        PositionalParamSpec.builder()
            .arity(arity)
            .required(true)
            .paramLabel(row(arity).get(0))
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(row(arity).get(2))
            .build(),
        Reading.TEXT,
        "");
  }

  private <T> Argument<T> declare(ArgSpec spec, Reading<T> reading, String fallback) {
    Argument<T> argument = new Argument<>(spec, reading, fallback);
    declared.add(argument);
    return argument;
  }

  private OptionSpec.Builder builder(String names, Reading<?> reading) {
    return OptionSpec.builder(names.split(" "))
        .paramLabel(row(names).get(0))
        .type(Object.class)
        .converters(new Converter(reading))
        .completionCandidates(reading.candidates())
        .description(help(names, reading));
  }

  /**
   * Reads a value for picocli. A class, not a lambda: those of picocli's own types are not in the
   * archive that makes a start quick.
   */
  private record Converter(Reading<?> reading) implements ITypeConverter<Object> {
    @Override
    public Object convert(String text) {
      try {
        return reading.read(text);
      } catch (ModelException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
