package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.report.json.RoofJson;
import dev.flopmeter.report.text.ProgressBar;
import dev.flopmeter.report.text.RoofTable;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import java.nio.charset.Charset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** {@code flopmeter roof}: finds what a device can do at best, and keeps it for profiles. */
final class RoofCommand implements Command {
  private final BackendArguments device = new BackendArguments();
  private final Argument<Boolean> cached =
      Argument.flag("--cached", "show what was measured before; measure only what was not");
  private final OutputArguments output = new OutputArguments(Format.TABLE, Format.JSON);

  @Override
  public void declare(CommandSpec command) {
    command
        .usageMessage()
        .description(
            "Measures matrix products, convolutions, memory traffic and the cost of a launch, and"
                + " keeps the result: profiles relate their rates to it.");
    device.addTo(command);
    cached.addTo(command);
    output.addTo(command);
  }

  @Override
  public int run(Console console) {
    try (Output out = output.open(console);
        Backend backend = device.open()) {
      List<Precision> precisions =
          device.namesPrecisions() || backend.device().kind() == DeviceKind.CPU
              ? device.precisions()
              : List.of(Precision.values());
      DeviceRoofs roofs =
          new DeviceRoofs(
              backend.device(), Datasheet.load(), measured(backend, precisions, console));
      out.text(
          output.format() == Format.JSON
              ? RoofJson.write(roofs, precisions)
              : RoofTable.render(roofs, precisions, out.style(false)));
    }
    return 0;
  }

  private @Nullable MeasuredRoofs measured(
      Backend backend, List<Precision> precisions, Console console) {
    RoofLookup lookup = RoofLookup.ofUser(backend, console);
    TerminalStyle style =
        TerminalStyle.of(System.getenv(), Terminal.ERRORS, Charset.defaultCharset(), false);
    ProgressBar progress =
        new ProgressBar(System.err, style, Terminal.ERRORS.isTerminal(), System::nanoTime);
    try {
      return cached.get()
          ? lookup.of(precisions, progress)
          : lookup.remeasured(precisions, progress);
    } finally {
      progress.close();
    }
  }
}
