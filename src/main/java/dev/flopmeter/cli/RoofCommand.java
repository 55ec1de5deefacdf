package dev.flopmeter.cli;

import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.json.RoofJson;
import dev.flopmeter.report.text.ProgressBar;
import dev.flopmeter.report.text.RoofTable;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Precision;
import java.nio.charset.Charset;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flopmeter roof}: finds what a device can do at best, and keeps it for profiles. */
@Command(
    name = "roof",
    description = {
      "Finds what a device can do at best: the largest rate of matrix products and convolutions,",
      "of moving memory, and the cost of a launch. Profiles take their shares of it."
    },
    mixinStandardHelpOptions = true)
final class RoofCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BackendArguments device = new BackendArguments();

  @Option(names = "--cached", description = "show what was measured before; measure if nothing was")
  private boolean takesCached;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table or json; default: ${DEFAULT-VALUE}")
  private String format = "table";

  @Mixin private OutputOption destination = new OutputOption();

  @Override
  public Integer call() {
    if (!List.of("table", "json").contains(format)) {
      throw new ModelException("--format must be table or json, not '" + format + "'");
    }
    try (Output output = destination.open();
        Backend backend = device.open()) {
      List<Precision> precisions =
          device.namesPrecisions() || backend.device().kind().equals("cpu")
              ? device.precisions()
              : List.of(Precision.values());
      DeviceRoofs roofs =
          new DeviceRoofs(backend.device(), Datasheet.load(), measured(backend, precisions));
      output.text(
          format.equals("json")
              ? RoofJson.write(roofs, precisions)
              : RoofTable.render(roofs, precisions, style(output, Terminal.OUTPUT)));
    }
    return 0;
  }

  private @Nullable MeasuredRoofs measured(Backend backend, List<Precision> precisions) {
    RoofLookup lookup = RoofLookup.ofUser(backend, spec.commandLine().getErr());
    TerminalStyle style =
        TerminalStyle.of(System.getenv(), Terminal.ERRORS, Charset.defaultCharset(), false);
    ProgressBar progress =
        new ProgressBar(System.err, style, Terminal.ERRORS.isTerminal(), System::nanoTime);
    try {
      return takesCached
          ? lookup.of(precisions, progress)
          : lookup.remeasured(precisions, progress);
    } finally {
      progress.close();
    }
  }

  private static TerminalStyle style(Output output, Terminal terminal) {
    return output.isFile()
        ? TerminalStyle.PLAIN
        : TerminalStyle.of(System.getenv(), terminal, Charset.defaultCharset(), false);
  }
}
