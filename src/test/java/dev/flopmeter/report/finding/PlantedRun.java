package dev.flopmeter.report.finding;

import dev.flopmeter.count.Counter;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.measure.SensorWatch;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How a network is run, and the fault in its times. The plan is a backend's own; the times are
 * invented: every layer reaches 80 % of its roof except those at fault.
 */
final class PlantedRun {
  private static final double FLOPS = 1e10;
  private static final double BYTES = 1e10;
  private static final double HEALTHY = 0.8;

  final boolean isGpu;
  String card = "Sample";
  RunOptions options = RunOptions.DEFAULT;
  String capability = "6.1";
  double launch = 1e-9;
  double slowdown = 1;
  Predicate<Step> isSlow = step -> true;
  double passOverLayers = 1;
  double eager = 0;
  @Nullable Sensors sensors;
  UnaryOperator<KernelInfo> kernel = UnaryOperator.identity();

  private PlantedRun(boolean isGpu) {
    this.isGpu = isGpu;
  }

  static PlantedRun cpu() {
    return new PlantedRun(false);
  }

  static PlantedRun gpu(Precision precision) {
    PlantedRun setting = new PlantedRun(true);
    setting.options = RunOptions.DEFAULT.withPrecision(precision);
    return setting;
  }

  /** Slows all layers by a factor, or those of one operator. */
  PlantedRun slow(double times, String... ops) {
    slowdown = times;
    isSlow = step -> ops.length == 0 || Arrays.stream(ops).anyMatch(step.op()::contains);
    return this;
  }

  PlantedRun options(UnaryOperator<RunOptions> change) {
    options = change.apply(options);
    return this;
  }

  PlantedRun launch(double seconds) {
    launch = seconds;
    return this;
  }

  Device device() {
    return isGpu
        ? new Device(
            DeviceKind.CUDA,
            "cuda:0",
            card,
            Map.of("sm_count", "8", "compute_capability", capability),
            false)
        : new Device(DeviceKind.CPU, "cpu", card, Map.of("cores", "8"), false);
  }

  static Sensors sensors(@Nullable Double load, List<String> reasons) {
    return new Sensors(
        0.7e9, null, null, null, null, null, null, null, null, null, load, reasons, Map.of());
  }

  /** The profile of this network on this backend. */
  ProfileResult profile(Backend backend, Graph graph) {
    double[] ideal = ideal(backend, graph);
    double[] seconds = new double[ideal.length];
    try (Plan plan = backend.prepare(graph, options.withThreads(0))) {
      for (int i = 0; i < ideal.length; i++) {
        double well = ideal[i] > 0 ? ideal[i] / HEALTHY : 1e-4;
        double spoilt = isSlow.test(plan.steps().get(i)) ? slowdown : 1;
        seconds[i] = well * spoilt + launch;
      }
      return profile(plan, graph, seconds);
    }
  }

  /** A layer that takes one second reaches a share of its roof equal to its time at the roof. */
  private double[] ideal(Backend backend, Graph graph) {
    try (Plan plan = backend.prepare(graph, options.withThreads(0))) {
      double[] second = new double[plan.steps().size()];
      Arrays.fill(second, 1);
      return profile(plan, graph, second).layers().stream()
          .map(layer -> Optional.ofNullable(layer.rooflineEfficiency()).orElse(0.0))
          .mapToDouble(share -> share)
          .toArray();
    }
  }

  private ProfileResult profile(Plan plan, Graph graph, double[] seconds) {
    Device device = device();
    MeasuredRoofs roofs =
        new MeasuredRoofs(
            Map.of("fp32", FLOPS, "bf16", FLOPS),
            Map.of(),
            BYTES,
            List.of(),
            launch,
            Instant.EPOCH,
            Map.of());
    long[] nanos = {0};
    Timed timed = new Timed(plan, this, seconds, nanos);
    SensorWatch watch =
        new SensorWatch() {
          @Override
          public Optional<String> refusal() {
            return Optional.empty();
          }

          @Override
          public @Nullable Sensors summary(@Nullable Double joules) {
            return sensors;
          }
        };
    Profiler profiler =
        new Profiler(
            new Prepared(isGpu ? "cudnn" : "djl", device, timed),
            new Profiler.Setting(
                new Environment("1", "17", "Linux", Map.of()),
                new DeviceRoofs(device, Datasheet.load(), roofs),
                null,
                () -> watch,
                () -> nanos[0],
                Clock.systemUTC(),
                1));
    ProfileRequest request =
        new ProfileRequest(
            graph,
            Counter.standard().count(graph),
            graph.batch(),
            options,
            SamplingRules.DEFAULT,
            false,
            List.of());
    return profiler.profile(request, Progress.SILENT);
  }

  /** A backend with one given plan. */
  private record Prepared(String name, Device device, Plan plan) implements Backend {
    @Override
    public Map<String, String> libraries() {
      return Map.of();
    }

    @Override
    public Plan prepare(Graph graph, RunOptions options) {
      return plan;
    }

    @Override
    public void close() {}
  }

  /** The steps of a real plan, with invented times. */
  private record Timed(Plan plan, PlantedRun setting, double[] seconds, long[] nanos)
      implements Plan {
    @Override
    public List<Step> steps() {
      return plan.steps().stream()
          .map(
              step ->
                  new Step(
                      step.name(), step.op(), step.nodes(), setting.kernel.apply(step.kernel())))
          .toList();
    }

    @Override
    public Memory memory() {
      return plan.memory();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
      throw new AssertionError("no reference asks for outputs");
    }

    @Override
    public void load(Map<String, Tensor> inputs) {}

    private double pass() {
      return setting.passOverLayers * Arrays.stream(seconds).sum();
    }

    @Override
    public double timePass() {
      nanos[0] += Math.round(pass() * 1e9);
      return pass();
    }

    @Override
    public double[] timeSteps() {
      nanos[0] += Math.round(pass() * 1e9);
      return seconds.clone();
    }

    @Override
    public Optional<Double> timeEagerPass() {
      return setting.eager > 0 ? Optional.of(setting.eager * pass()) : Optional.empty();
    }

    @Override
    public void close() {}
  }
}
