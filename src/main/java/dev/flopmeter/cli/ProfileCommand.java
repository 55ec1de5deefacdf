package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.count.Counter;
import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.SensorSource;
import dev.flopmeter.measure.BackendReference;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.QuantizedNetwork;
import dev.flopmeter.measure.Reference;
import dev.flopmeter.measure.SampledWatch;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code flopmeter profile}: runs a network and reports how much of the device it uses. */
final class ProfileCommand extends Command {
  private final ModelArguments model = with(new ModelArguments(false));
  private final BackendArguments device = with(new BackendArguments());
  private final Argument<Duration> maxTime = option("--max-time", Reading::timeSpan);
  private final Argument<Boolean> raw = flag("--raw");
  private final Argument<Boolean> unchecked = flag("--no-check");
  private final Argument<Boolean> roofless = flag("--no-roof");
  private final Argument<Long> seed = option("--seed", new Reading.WholeNumber());
  private final Argument<Boolean> allLayers = flag("--all-layers");
  private final OutputArguments output = with(new OutputArguments(Format.values()));

  private final List<ProfileResult> results = new ArrayList<>();
  private final List<RuntimeException> failures = new ArrayList<>();

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

  @Override
  int run(Console console) {
    Model opened = model.open();
    List<Case> cases = cases();
    if (output.format() == Format.JSON && (cases.size() > 1 || device.isComparison())) {
      throw new ModelException("--format json holds a single result; use --format jsonl");
    }
    // Errors that need no device are reported before one is opened.
    cases.forEach(one -> device.options(one.precision()));
    Graph first = opened.bind(cases.get(0).bindings());
    first.requireValues();
    cases.forEach(one -> QuantizedNetwork.require(first, one.precision()));
    try (Output out = output.open(console)) {
      List<Backend> backends = device.openFor(first, source(opened));
      List<RuntimeException> ends = new ArrayList<>();
      attempt(ends, () -> measure(opened, cases, backends, out, console));
      backends.forEach(backend -> attempt(ends, backend::close));
      failures.addAll(ends);
      if (results.isEmpty() && !failures.isEmpty()) {
        failures.stream().skip(1).forEach(failures.get(0)::addSuppressed);
        throw failures.get(0);
      }
      if (output.format() != Format.JSONL) {
        out.text(ProfileText.of(output.format(), results, out.style(allLayers.get())));
      }
      if (!ends.isEmpty()) {
        throw ends.get(0);
      }
      return failures.isEmpty() ? 0 : exitCode();
    }
  }

  private static void attempt(List<RuntimeException> failures, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      failures.add(e);
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

  /** Whether outputs are checked or ranges are computed. */
  private boolean needsReference() {
    return !unchecked.get() || device.precisions().stream().anyMatch(Precision::isQuantized);
  }

  private int exitCode() {
    return failures.stream().anyMatch(BackendException.class::isInstance)
        ? Main.DEVICE_FAILED
        : Main.BAD_INPUT;
  }

  /** Measures all cases; if one fails, for lack of memory for example, the others continue. */
  private void measure(
      Model opened, List<Case> cases, List<Backend> backends, Output out, Console console) {
    boolean isOneOfSeveral = cases.size() * backends.size() > 1;
    try (Progress progress = progress(out)) {
      Map<String, MeasuredRoofs> roofs = roofs(backends, progress, console);
      for (Backend backend : backends) {
        try (Reference reference = needsReference() ? Backends.referenceFor(backend) : null) {
          Profiler profiler =
              profiler(backend, roofs.get(backend.name()), unchecked.get() ? null : reference);
          Reference calibration =
              reference == null ? new BackendReference(backend, false) : reference;
          for (int i = 0; i < cases.size() && !out.isBroken(); i++) {
            Case one = cases.get(i);
            int before = i;
            Progress part =
                (phase, done, detail) ->
                    progress.report(phase, (before + done) / cases.size(), detail);
            try {
              backend.requireSupport(one.precision());
              add(profiler.profile(request(opened, one, calibration), part), out);
            } catch (ModelException | BackendException e) {
              failures.add(e);
              if (isOneOfSeveral) {
                console.warn(one.name() + ": " + e.getMessage());
              }
            }
          }
        }
      }
    }
  }

  private Profiler profiler(
      Backend backend, @Nullable MeasuredRoofs roofs, @Nullable Reference reference) {
    return new Profiler(
        backend,
        new Profiler.Setting(
            environment(backend),
            new DeviceRoofs(backend.device(), Datasheet.load(), roofs),
            reference,
            () -> SampledWatch.start(SensorSource.of(backend.device())),
            System::nanoTime,
            Clock.systemUTC(),
            seed.get()));
  }

  /** The machine and software that a result records. */
  private static Environment environment(Backend backend) {
    String system = System.getProperty("os.name") + " " + System.getProperty("os.version");
    return new Environment(
        BuildVersion.get(),
        System.getProperty("java.version"),
        system + " " + System.getProperty("os.arch"),
        backend.libraries());
  }

  private void add(ProfileResult result, Output out) {
    results.add(result);
    if (output.format() == Format.JSONL) {
      out.line(ProfileJson.writeLine(result));
    }
  }

  /** The roofs by backend: backends on one device share its rates. */
  private Map<String, MeasuredRoofs> roofs(
      List<Backend> backends, Progress progress, Console console) {
    Map<String, MeasuredRoofs> own = new HashMap<>();
    Progress unmoved = (phase, done, detail) -> progress.report(phase, 0, detail);
    for (Backend backend : roofless.get() ? List.<Backend>of() : backends) {
      MeasuredRoofs measured = RoofLookup.ofUser(backend, console).of(device.precisions(), unmoved);
      if (measured != null) {
        own.put(backend.name(), measured);
      }
    }
    Map<String, MeasuredRoofs> roofs = new HashMap<>(own);
    for (Backend backend : backends) {
      for (Backend other : backends) {
        MeasuredRoofs found = own.get(other.name());
        if (found != null && other.device().id().equals(backend.device().id())) {
          roofs.computeIfPresent(backend.name(), (name, known) -> known.highest(found));
        }
      }
    }
    return roofs;
  }

  static @Nullable Path source(Model model) {
    return model instanceof OnnxModel ? Path.of(model.source()) : null;
  }

  private ProfileRequest request(Model opened, Case one, Reference calibration) {
    Graph bound = opened.bind(one.bindings());
    QuantizedNetwork network = QuantizedNetwork.of(bound, one.precision(), calibration, seed.get());
    Graph graph = network.graph();
    return new ProfileRequest(
        graph,
        Counter.standard().count(opened, graph),
        graph.batch(),
        device.options(one.precision()).withSource(network.isSynthetic() ? null : source(opened)),
        SamplingRules.DEFAULT.withLimit(maxTime.get()),
        raw.get(),
        network.notes());
  }

  private Progress progress(Output out) {
    return output.format() == Format.JSONL
        ? (phase, done, detail) -> out.line(ProfileJson.writeProgress(phase, done, detail))
        : Console.progress();
  }
}
