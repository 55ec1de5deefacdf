package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * An option or a parameter of a command, and its value once the command line is parsed. Declared on
 * picocli's model: reading it from annotations would take a third of a short command's time.
 *
 * @param <T> the type of one value
 */
final class Argument<T> {
  private final ArgSpec spec;
  private final Reading<T> reading;
  private final String fallback;

  private Argument(ArgSpec spec, Reading<T> reading, String fallback) {
    this.spec = spec;
    this.reading = reading;
    this.fallback = fallback;
  }

  /** Reads a value from its text. */
  interface Reading<T> {
    /**
     * Reads one value.
     *
     * @throws ModelException if the text is not such a value; the message says what would be
     */
    T read(String text);

    /** The values to choose from, or nothing if they cannot be listed. */
    default List<String> candidates() {
      return List.of();
    }
  }

  /** An option without a value. */
  static Argument<Boolean> flag(String name, String description) {
    OptionSpec spec = OptionSpec.builder(name).type(boolean.class).description(description).build();
    return new Argument<>(spec, new YesOrNo(), "false");
  }

  /** An option with a default value, which its help states. */
  static <T> Argument<T> option(
      String name, String label, Reading<T> reading, String fallback, String description) {
    String help = description + choices(reading) + "; default: " + fallback;
    return new Argument<>(single(List.of(name), label, reading, help), reading, fallback);
  }

  /** An option that must be given. */
  static <T> Argument<T> required(
      String name, String label, Reading<T> reading, String description) {
    String help = description + choices(reading);
    OptionSpec spec = single(List.of(name), label, reading, help);
    return new Argument<>(spec.toBuilder().required(true).build(), reading, "");
  }

  /** An option that has no value where it is left out: ask {@link #find()}. */
  static <T> Argument<T> optional(
      List<String> names, String label, Reading<T> reading, String description) {
    String help = description + choices(reading);
    return new Argument<>(single(names, label, reading, help), reading, "");
  }

  /**
   * An option that may be given several times: ask {@link #all()}.
   *
   * @param separator what separates values that are given at once; empty if each is given alone
   */
  static <T> Argument<T> list(
      String name, String label, Reading<T> reading, String separator, String description) {
    OptionSpec.Builder spec =
        OptionSpec.builder(name)
            .paramLabel(label)
            .type(List.class)
            .auxiliaryTypes(Object.class)
            .converters(new Converter(reading))
            .splitRegex(separator)
            .completionCandidates(reading.candidates())
            .description(description + choices(reading));
    return new Argument<>(spec.build(), reading, "");
  }

  /** An option for tests, which no help shows. */
  static Argument<String> hidden(String name, String label) {
    Reading<String> text = new AnyText();
    OptionSpec spec =
        OptionSpec.builder(name).paramLabel(label).type(String.class).hidden(true).build();
    return new Argument<>(spec, text, "");
  }

  /** A parameter that must be given, at this position. */
  static <T> Argument<T> parameter(
      int index, String label, Reading<T> reading, String description) {
    PositionalParamSpec spec =
        PositionalParamSpec.builder()
            .index(Integer.toString(index))
            .required(true)
            .paramLabel(label)
            .type(Object.class)
            .converters(new Converter(reading))
            .completionCandidates(reading.candidates())
            .description(description + choices(reading))
            .build();
    return new Argument<>(spec, reading, "");
  }

  /** All parameters, at least one: ask {@link #all()}. */
  static Argument<String> parameters(String label, String description) {
    PositionalParamSpec spec =
        PositionalParamSpec.builder()
            .arity("1..*")
            .required(true)
            .paramLabel(label)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(description)
            .build();
    return new Argument<>(spec, new AnyText(), "");
  }

  void addTo(CommandSpec command) {
    command.add(spec);
  }

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

  private static <T> OptionSpec single(
      List<String> names, String label, Reading<T> reading, String help) {
    return OptionSpec.builder(names.get(0), names.subList(1, names.size()).toArray(String[]::new))
        .paramLabel(label)
        .type(Object.class)
        .converters(new Converter(reading))
        .completionCandidates(reading.candidates())
        .description(help)
        .build();
  }

  private static String choices(Reading<?> reading) {
    return reading.candidates().isEmpty() ? "" : ": " + Choice.listed(reading.candidates());
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

  private static final class YesOrNo implements Reading<Boolean> {
    @Override
    public Boolean read(String text) {
      return Boolean.valueOf(text);
    }
  }

  /** A text that needs no reading. */
  static final class AnyText implements Reading<String> {
    @Override
    public String read(String text) {
      return text;
    }
  }
}
