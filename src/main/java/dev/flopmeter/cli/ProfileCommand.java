package dev.flopmeter.cli;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.SensorSource;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.ProfileResult;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.SampledWatch;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.json.ProfileJson;
import dev.flopmeter.report.text.ProgressBar;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Precision;
import java.nio.charset.Charset;
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

  @Mixin private OutputOption destination = new OutputOption();

  /** One combination of shapes and precision to measure. */
  private record Case(Bindings bindings, Precision precision) {
    /** {@code fp16, batch 8}. */
    String name() {
      List<String> parts = new ArrayList<>(List.of(precision.label()));
      bindings.shapes().forEach((input, shape) -> parts.add(input + "=" + shape));
      bindings.dims().forEach((dim, size) -> parts.add(dim + "=" + size));
      bindings.batch().ifPresent(batch -> parts.add("batch " + batch));
      return String.join(", ", parts);
    }
  }

  /** What became of a sweep: a point that fails, for lack of memory say, leaves the others. */
  private record Sweep(List<ProfileResult> results, List<RuntimeException> failures) {
    int exitCode() {
      if (failures.isEmpty()) {
        return 0;
      }
      boolean isDevice = failures.stream().anyMatch(BackendException.class::isInstance);
      return isDevice ? Main.DEVICE_FAILED : Main.BAD_INPUT;
    }
  }

  @Override
  public Integer call() {
    ProfileFormat form = ProfileFormat.of(format);
    SamplingRules rules = SamplingRules.DEFAULT.withLimit(TimeSpan.parse("--max-time", maxTime));
    Model opened = model.open();
    List<Case> cases = cases();
    if (form == ProfileFormat.JSON && cases.size() > 1) {
      throw new ModelException(
          "--format json holds one result, here are " + cases.size() + "; use --format jsonl");
    }
    // What can be refused without a device is, before one is started.
    cases.forEach(one -> device.options(one.precision()));
    opened.bind(cases.get(0).bindings()).requireValues();
    try (Output output = destination.open();
        Backend backend = device.open()) {
      Sweep sweep = measure(opened, cases, backend, rules, form, output);
      if (sweep.results().isEmpty() && !sweep.failures().isEmpty()) {
        throw sweep.failures().get(0);
      }
      if (form != ProfileFormat.JSONL) {
        output.text(form.render(sweep.results(), style(output, Terminal.OUTPUT)));
      }
      return sweep.exitCode();
    }
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

  private Sweep measure(
      Model opened,
      List<Case> cases,
      Backend backend,
      SamplingRules rules,
      ProfileFormat form,
      Output output) {
    Sweep sweep = new Sweep(new ArrayList<>(), new ArrayList<>());
    try (ShownProgress progress = progress(form, output);
        Backends.OpenReference reference = isUnchecked ? null : Backends.referenceFor(backend)) {
      Profiler profiler =
          new Profiler(
              backend,
              new Profiler.Setting(
                  Surroundings.of(backend),
                  roofs(backend, progress),
                  reference == null ? null : reference.reference(),
                  () -> SampledWatch.start(SensorSource.of(backend.device())),
                  System::nanoTime,
                  Clock.systemUTC(),
                  seed));
      for (int i = 0; i < cases.size() && !output.isBroken(); i++) {
        int before = i;
        Case one = cases.get(i);
        try {
          ProfileResult result =
              profiler.profile(
                  request(opened, one, rules),
                  (phase, done, detail) ->
                      progress.report(phase, (before + done) / cases.size(), detail));
          sweep.results().add(result);
          if (form == ProfileFormat.JSONL) {
            output.line(ProfileJson.writeLine(result));
          }
        } catch (ModelException | BackendException e) {
          sweep.failures().add(e);
          if (cases.size() > 1) {
            warn(one.name() + ": " + e.getMessage());
          }
        }
      }
    }
    return sweep;
  }

  private void warn(String message) {
    spec.commandLine().getErr().println("flopmeter: " + message.replaceAll("\\s*\\R\\s*", " "));
    spec.commandLine().getErr().flush();
  }

  private DeviceRoofs roofs(Backend backend, Progress progress) {
    MeasuredRoofs measured =
        isRoofless
            ? null
            : RoofLookup.ofUser(backend, spec.commandLine().getErr())
                .of(
                    device.precisions(),
                    (phase, done, detail) -> progress.report(phase, 0, detail));
    return new DeviceRoofs(backend.device(), Datasheet.load(), measured);
  }

  private ProfileRequest request(Model opened, Case one, SamplingRules rules) {
    Graph graph = opened.bind(one.bindings());
    Counts counts = Counter.standard().count(opened, graph);
    return new ProfileRequest(
        graph, counts, graph.batch(), device.options(one.precision()), rules, keepsRaw);
  }

  private ShownProgress progress(ProfileFormat form, Output output) {
    if (form == ProfileFormat.JSONL) {
      return ShownProgress.of(
          (phase, done, detail) -> output.line(ProfileJson.writeProgress(phase, done, detail)));
    }
    boolean isTerminal = Terminal.ERRORS.isTerminal();
    return ShownProgress.of(
        new ProgressBar(System.err, style(null, Terminal.ERRORS), isTerminal, System::nanoTime));
  }

  private TerminalStyle style(@Nullable Output output, Terminal terminal) {
    if (output != null && output.isFile()) {
      return TerminalStyle.PLAIN.withAllLayers(showsAllLayers);
    }
    return TerminalStyle.of(System.getenv(), terminal, Charset.defaultCharset(), showsAllLayers);
  }

  /** Progress that is taken off the screen at the end. */
  private interface ShownProgress extends Progress, AutoCloseable {
    @Override
    void close();

    static ShownProgress of(Progress progress) {
      return new ShownProgress() {
        @Override
        public void report(String phase, double done, String detail) {
          progress.report(phase, done, detail);
        }

        @Override
        public void close() {
          if (progress instanceof ProgressBar bar) {
            bar.close();
          }
        }
      };
    }
  }
}
