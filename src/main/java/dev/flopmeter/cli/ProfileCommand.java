package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.SensorSource;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.SampledWatch;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.report.text.ProgressBar;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** {@code flopmeter profile}: runs a network and reports how much of the device it uses. */
final class ProfileCommand implements Command {
  private final ModelArguments model = new ModelArguments();
  private final BackendArguments device = new BackendArguments();
  private final Argument<Duration> maxTime =
      Argument.option(
          "--max-time", "TIME", new TimeSpan(), "15s", "wall time for measuring one case");
  private final Argument<Boolean> raw = Argument.flag("--raw", "keep every sample in the JSON");
  private final Argument<Boolean> unchecked =
      Argument.flag("--no-check", "do not compare the outputs with the reference");
  private final Argument<Boolean> roofless =
      Argument.flag("--no-roof", "do not measure the device's roofs if none are known");
  private final Argument<Long> seed =
      Argument.option(
          "--seed",
          "N",
          new WholeNumber(Long.MIN_VALUE, Long.MAX_VALUE),
          "1",
          "seed of the random inputs");
  private final Argument<Boolean> allLayers =
      Argument.flag("--all-layers", "show every layer in the table");
  private final OutputArguments output = new OutputArguments(Format.values());

  @Override
  public void declare(CommandSpec command) {
    command
        .usageMessage()
        .footer(
            "",
            "With --format jsonl each event is a line that is written when it happens; tail -f FILE"
                + " follows it. The other formats replace FILE when the run has succeeded.");
    model.addTo(command);
    device.addTo(command);
    maxTime.addTo(command);
    raw.addTo(command);
    unchecked.addTo(command);
    roofless.addTo(command);
    seed.addTo(command);
    allLayers.addTo(command);
    output.addTo(command);
  }

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

  /**
   * The outcome of a sweep. A case that fails, for lack of memory for example, leaves the others.
   */
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
  public int run(Console console) {
    SamplingRules rules = SamplingRules.DEFAULT.withLimit(maxTime.get());
    Model opened = model.open();
    List<Case> cases = cases();
    if (output.format() == Format.JSON && (cases.size() > 1 || device.isComparison())) {
      throw new ModelException("--format json holds one result, not several; use --format jsonl");
    }
    // What can be refused without a device is, before one is started.
    cases.forEach(one -> device.options(one.precision()));
    Graph first = opened.bind(cases.get(0).bindings());
    first.requireValues();
    try (Output out = output.open(console)) {
      List<Backend> backends = device.openFor(first, source(opened));
      try {
        Sweep sweep = measure(opened, cases, backends, rules, out, console);
        if (sweep.results().isEmpty() && !sweep.failures().isEmpty()) {
          throw sweep.failures().get(0);
        }
        if (output.format() != Format.JSONL) {
          out.text(ProfileText.of(output.format(), sweep.results(), out.style(allLayers.get())));
        }
        return sweep.exitCode();
      } finally {
        backends.forEach(Backend::close);
      }
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
      List<Backend> backends,
      SamplingRules rules,
      Output out,
      Console console) {
    Sweep sweep = new Sweep(new ArrayList<>(), new ArrayList<>());
    try (ShownProgress progress = progress(out)) {
      Map<Backend, DeviceRoofs> roofs = roofs(backends, progress, console);
      for (Backend backend : backends) {
        measure(opened, cases, backend, roofs, rules, progress, sweep, out, console);
      }
    }
    return sweep;
  }

  private void measure(
      Model opened,
      List<Case> cases,
      Backend backend,
      Map<Backend, DeviceRoofs> roofs,
      SamplingRules rules,
      Progress progress,
      Sweep sweep,
      Output out,
      Console console) {
    boolean isOneOfSeveral = cases.size() * roofs.size() > 1;
    try (Backends.OpenReference reference =
        unchecked.get() ? null : Backends.referenceFor(backend)) {
      Profiler profiler =
          new Profiler(
              backend,
              new Profiler.Setting(
                  RunEnvironment.of(backend),
                  Objects.requireNonNull(roofs.get(backend)),
                  reference == null ? null : reference.reference(),
                  () -> SampledWatch.start(SensorSource.of(backend.device())),
                  System::nanoTime,
                  Clock.systemUTC(),
                  seed.get()));
      for (int i = 0; i < cases.size() && !out.isBroken(); i++) {
        int before = i;
        Case one = cases.get(i);
        try {
          ProfileResult result =
              profiler.profile(
                  request(opened, one, rules),
                  (phase, done, detail) ->
                      progress.report(phase, (before + done) / cases.size(), detail));
          sweep.results().add(result);
          if (output.format() == Format.JSONL) {
            out.line(ProfileJson.writeLine(result));
          }
        } catch (ModelException | BackendException e) {
          sweep.failures().add(e);
          if (isOneOfSeveral) {
            console.warn(one.name() + ": " + e.getMessage());
          }
        }
      }
    }
  }

  /** The roofs of each backend's device: several on one CPU are judged by the same. */
  private Map<Backend, DeviceRoofs> roofs(
      List<Backend> backends, Progress progress, Console console) {
    Map<Backend, DeviceRoofs> roofs = new HashMap<>();
    MeasuredRoofs ofCpu = null;
    for (Backend backend : backends) {
      MeasuredRoofs measured =
          roofless.get()
              ? null
              : RoofLookup.ofUser(backend, console)
                  .of(
                      device.precisions(),
                      (phase, done, detail) -> progress.report(phase, 0, detail));
      roofs.put(backend, new DeviceRoofs(backend.device(), Datasheet.load(), measured));
      if (measured != null && backend.device().kind() == DeviceKind.CPU) {
        ofCpu = ofCpu == null ? measured : ofCpu.highest(measured);
      }
    }
    MeasuredRoofs shared = ofCpu;
    roofs.replaceAll(
        (backend, own) ->
            shared != null && backend.device().kind() == DeviceKind.CPU
                ? new DeviceRoofs(own.device(), own.datasheet(), shared)
                : own);
    return roofs;
  }

  private static @Nullable Path source(Model model) {
    return model instanceof OnnxModel ? Path.of(model.source()) : null;
  }

  private ProfileRequest request(Model opened, Case one, SamplingRules rules) {
    Graph graph = opened.bind(one.bindings());
    Counts counts = Counter.standard().count(opened, graph);
    return new ProfileRequest(
        graph,
        counts,
        graph.batch(),
        device.options(one.precision()).withSource(source(opened)),
        rules,
        raw.get());
  }

  private ShownProgress progress(Output out) {
    if (output.format() == Format.JSONL) {
      return ShownProgress.of(
          (phase, done, detail) -> out.line(ProfileJson.writeProgress(phase, done, detail)));
    }
    TerminalStyle style =
        TerminalStyle.of(
            System.getenv(), Terminal.ERRORS, Charset.defaultCharset(), allLayers.get());
    return ShownProgress.of(
        new ProgressBar(System.err, style, Terminal.ERRORS.isTerminal(), System::nanoTime));
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
