package dev.flopmeter.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option {@code -o}: where a command's result goes. */
final class OutputOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "write to FILE instead of standard output")
  private @Nullable String file;

  boolean isFile() {
    return file != null;
  }

  /** Opens the output, before the work starts, so that a wrong name costs no time. */
  Output open() {
    return Output.to(file, command.commandLine().getOut());
  }

  /** Writes {@code text} as the whole output. */
  void write(String text) {
    try (Output output = open()) {
      output.text(text);
    }
  }
}
