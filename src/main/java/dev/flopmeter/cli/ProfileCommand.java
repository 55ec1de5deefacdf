package dev.flopmeter.cli;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.ProfileResult;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.Reference;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.measure.SensorWatch;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.report.ProfileJson;
import dev.flopmeter.report.ProgressBar;
import dev.flopmeter.report.Terminal;
import dev.flopmeter.report.TerminalStyle;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Precision;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flopmeter profile}: runs a network and tells how well it used the device. */
@Command(
    name = "profile",
    description = "Runs a network and tells how well it used the device.",
    mixinStandardHelpOptions = true)
final class ProfileCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private ModelArguments model = new ModelArguments();
  @Mixin private BackendArguments device = new BackendArguments();
  @Mixin private OutputArguments output = new OutputArguments();

  @Option(
      names = "--max-time",
      paramLabel = "TIME",
      defaultValue = "15s",
      description = "wall time for measuring one case; default: ${DEFAULT-VALUE}")
  private String maxTime = "15s";

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table, json, jsonl, csv, markdown or html; default: ${DEFAULT-VALUE}")
  private String format = "table";

  @Option(names = "--raw", description = "keep every sample in the JSON")
  private boolean keepsRaw;

  @Option(names = "--no-check", description = "do not compare the outputs with the reference")
  private boolean isUnchecked;

  @Option(names = "--no-roof", description = "do not measure the device's roofs if none are known")
  private boolean isRoofless;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "of the inputs")
  private long seed = 1;

  @Option(names = "--all-layers", description = "show every layer in the table")
  private boolean showsAllLayers;

  /** One combination of shapes and precision to measure. */
  private record Case(Bindings bindings, Precision precision) {}

  @Override
  public Integer call() {
    ProfileFormat form = ProfileFormat.of(format);
    SamplingRules rules =
        SamplingRules.DEFAULT.withLimit(TimeSpan.parse("--max-time", maxTime));
    Model opened = model.open();
    List<Case> cases = cases();
    if (form == ProfileFormat.JSON && cases.size() > 1) {
      throw new ModelException(
          "--format json holds one result, here are " + cases.size() + "; use --format jsonl");
    }
    // What can be refused without a device is, before one is started.
    opened.bind(cases.get(0).bindings());
    try (Backend backend = device.open();
        OutputArguments.Sink sink = output.open(spec.commandLine().getOut())) {
      List<ProfileResult> results = new ArrayList<>();
      try (ClosableProgress progress = progress(form, sink)) {
        measure(opened, cases, backend, rules, progress, result -> {
          results.add(result);
          if (form == ProfileFormat.JSONL) {
            sink.line(ProfileJson.writeLine(result));
          }
        });
      }
      if (form != ProfileFormat.JSONL) {
        sink.text(form.render(results, style(sink)));
      }
    }
    return 0;
  }

  private List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Precision precision : device.precisions()) {
      for (Bindings bindings : model.sweep()) {
        cases.add(new Case(bindings, precision));
      }
    }
    return cases;
  }
}
