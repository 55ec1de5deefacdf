package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * Arguments that belong together, each declared by the field that holds it. They are declared on
 * picocli's model: reading it from annotations would take a third of a short command's time. The
 * name of an option is given with the label of its value, as in {@code --batch=N}.
 */
abstract class Arguments {
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

  /** An option without a value. */
  final Argument<Boolean> flag(String name, String description) {
    OptionSpec spec = OptionSpec.builder(name).type(boolean.class).description(description).build();
    return declare(spec, Boolean::valueOf, "false");
  }

  /** An option with a default value, which its help states. */
  final <T> Argument<T> option(
      String name, Reading<T> reading, String fallback, String description) {
    String help = description(description, reading) + "; default: " + fallback;
    return declare(builder(name, reading).description(help).build(), reading, fallback);
  }

  /** An option that must be given. */
  final <T> Argument<T> required(String name, Reading<T> reading, String description) {
    return declare(
        builder(name, reading)
            .required(true)
            .description(description(description, reading))
            .build(),
        reading,
        "");
  }

  /**
   * An option that has no value where it is left out: ask {@link Argument#find()}.
   *
   * @param names one, or several with a space between them, and the label
   */
  final <T> Argument<T> optional(String names, Reading<T> reading, String description) {
    OptionSpec.Builder spec = builder(names, reading);
    return declare(spec.description(description(description, reading)).build(), reading, "");
  }

  /** An option for tests, which no help shows. */
  final Argument<String> hidden(String name) {
    return declare(builder(name, Reading.TEXT).hidden(true).build(), Reading.TEXT, "");
  }

  /**
   * An option that may be given several times: ask {@link Argument#all()}.
   *
   * @param separator what separates values that are given at once; empty if each is given alone
   */
  final <T> Argument<T> list(
      String name, Reading<T> reading, String separator, String description) {
    return declare(
        builder(name, reading)
            .type(List.class)
            .auxiliaryTypes(Object.class)
            .splitRegex(separator)
            .description(description(description, reading))
            .build(),
        reading,
        "");
  }

  /** A parameter that must be given, at this position. */
  final <T> Argument<T> parameter(int index, String label, Reading<T> reading, String description) {
    return declare(
        PositionalParamSpec.builder()
            .index(Integer.toString(index))
            .required(true)
            .paramLabel(label)
            .type(Object.class)
            .converters(new Converter(reading))
            .completionCandidates(reading.candidates())
            .description(description(description, reading))
            .build(),
        reading,
        "");
  }

  /** All parameters, at least one: ask {@link Argument#all()}. */
  final Argument<String> parameters(String label, String description) {
    return declare(
        PositionalParamSpec.builder()
            .arity("1..*")
            .required(true)
            .paramLabel(label)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(description)
            .build(),
        Reading.TEXT,
        "");
  }

  private <T> Argument<T> declare(ArgSpec spec, Reading<T> reading, String fallback) {
    Argument<T> argument = new Argument<>(spec, reading, fallback);
    declared.add(argument);
    return argument;
  }

  private static OptionSpec.Builder builder(String form, Reading<?> reading) {
    String[] namesAndLabel = form.split("=", 2);
    return OptionSpec.builder(namesAndLabel[0].split(" "))
        .paramLabel(namesAndLabel[1])
        .type(Object.class)
        .converters(new Converter(reading))
        .completionCandidates(reading.candidates());
  }

  private static String description(String text, Reading<?> reading) {
    List<String> choices = reading.candidates();
    return choices.isEmpty() ? text : text + ": " + Choice.listed(choices);
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
