package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.model.ModelException;
import java.util.Optional;

/** The format of a result and its destination: {@code --format} and {@code -o}. */
final class OutputArguments extends Arguments {
  private final Optional<Argument<Format>> format;
  private final Argument<String> file = option("-o --output", new Reading.Text());

  /**
   * @param formats the command's formats, the default first. None if there is no choice.
   */
  OutputArguments(Format... formats) {
    format =
        formats.length == 0
            ? Optional.empty()
            : Optional.of(option("--format", Choice.of(formats), formats[0].label()));
  }

  Format format() {
    return format.orElseThrow().get();
  }

  boolean isFile() {
    return file.find().isPresent();
  }

  /** Opens the output before the work starts, so that an invalid name is reported at once. */
  Output open(Console console) {
    String name = file.find().orElse("");
    Format chosen = format.isPresent() ? format() : Format.TABLE;
    if (chosen == Format.PROMETHEUS && !name.isEmpty() && !name.matches("/dev/.*|.*\\.prom")) {
      throw new ModelException("-o " + name + ": must end in .prom, which node_exporter requires");
    }
    return Output.to(file.find().orElse(null), chosen == Format.JSONL, console.out());
  }

  /** Writes {@code text} as the complete output. */
  void write(String text, Console console) {
    try (Output output = open(console)) {
      output.text(text);
    }
  }
}
