package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.report.json.RoofJson;
import dev.flopmeter.report.text.RoofTable;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code flopmeter roof}: measures a device's best rates and stores them for profiles. */
final class RoofCommand extends Command {
  private final BackendArguments device = with(new BackendArguments());
  private final Argument<Boolean> cached = flag("--cached");
  private final OutputArguments output = with(new OutputArguments(Format.TABLE, Format.JSON));

  @Override
  int run(Console console) {
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
    try (Progress progress = Console.progress()) {
      return cached.get()
          ? lookup.of(precisions, progress)
          : lookup.remeasured(precisions, progress);
    }
  }
}
