package dev.flopmeter.cli;

import dev.flopmeter.cli.Argument.Form;
import dev.flopmeter.model.ModelException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * The arguments of a command in picocli's model: for help, errors, and lines that are not plain.
 */
record PicocliArguments(List<Argument<?>> declared, List<ArgSpec> specs) {
  static PicocliArguments of(List<Argument<?>> declared, CommandSpec command) {
    List<ArgSpec> specs = new ArrayList<>();
    for (Argument<?> argument : declared) {
      specs.add(argument.form().isOption() ? option(argument) : parameter(argument));
    }
    specs.forEach(command::add);
    return new PicocliArguments(declared, specs);
  }

  /** Sets the arguments to the values that picocli parsed. */
  void set() {
    for (int i = 0; i < specs.size(); i++) {
      declared.get(i).words().addAll(specs.get(i).stringValues());
    }
  }

  private static ArgSpec option(Argument<?> argument) {
    OptionSpec.Builder spec =
        OptionSpec.builder(argument.names().toArray(String[]::new)).description(argument.help());
    if (argument.form() == Form.FLAG) {
      return spec.type(boolean.class).build();
    } else if (argument.form() == Form.LIST) {
      spec.type(List.class).auxiliaryTypes(Object.class).splitRegex(argument.fallback());
    } else {
      spec.type(Object.class);
    }
    return spec.hidden(argument.form() == Form.HIDDEN_OPTION)
        .required(argument.isRequired())
        .paramLabel(argument.label())
        .converters(new Converter(argument.reading()))
        .completionCandidates(argument.reading().candidates())
        .build();
  }

  private static ArgSpec parameter(Argument<?> argument) {
    PositionalParamSpec.Builder spec = PositionalParamSpec.builder().required(true);
    if (argument.form() == Form.PARAMETERS) {
      spec.arity(argument.name()).type(List.class).auxiliaryTypes(Object.class);
    } else {
      spec.index(argument.name()).type(Object.class);
    }
    return spec.paramLabel(argument.label())
        .description(argument.help())
        .converters(new Converter(argument.reading()))
        .completionCandidates(argument.reading().candidates())
        .build();
  }

  /** Parses a value for picocli, which reports errors. */
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
