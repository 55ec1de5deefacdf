package dev.flopmeter.measure;

import dev.flopmeter.count.Counts;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Launch;
import dev.flopmeter.result.ProfileResult.NumericCheck;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.result.ProfileResult.Totals;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.SearchProgress;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures a network on a backend: prepares it, checks its answer, warms up, samples, and joins the
 * times with the cost. Not thread-safe; one profile at a time on a device.
 */
public record Profiler(Backend backend, Setting setting) {
  private static final int EAGER_PASSES = 11;
  private static final double PREPARED = 0.1;
  private static final double CHECKED = 0.2;

  /** Energy counters advance in steps of tens of ms, so a shorter time would be mostly error. */
  private static final double ENERGY_SECONDS = 2;

  /**
   * The environment of a profile.
   *
   * @param reference computes the outputs to compare with; null skips the check
   * @param watch starts to watch the device's sensors
   * @param seed of the random inputs
   */
  public record Setting(
      Environment environment,
      DeviceRoofs roofs,
      @Nullable Reference reference,
      Supplier<SensorWatch> watch,
      LongSupplier nanoClock,
      Clock clock,
      long seed) {}

  /**
   * Profiles the requested case.
   *
   * @throws dev.flopmeter.run.UnsupportedOperatorException if the backend has no kernel for an
   *     operator
   * @throws dev.flopmeter.run.BackendException if the device fails
   */
  public ProfileResult profile(ProfileRequest request, Progress progress) {
    var startedAt = setting.clock().instant();
    Validity validity = new Validity();
    String batch = "batch " + request.batch();
    progress.report("prepare", 0, batch);
    Map<String, Tensor> inputs = RandomInputs.of(request.graph(), setting.seed());
    SearchProgress search =
        (done, step) -> progress.report("search", PREPARED * done, batch + ", " + step);
    try (Plan plan = backend.prepare(request.graph(), request.options(), search)) {
      plan.load(inputs);
      double firstRun = plan.timePass(); // before the check, which would warm it up
      progress.report("check", PREPARED, batch);
      NumericCheck check = check(plan, request, inputs, validity);
      ProfileRequest counted = facts(request.graph(), inputs).map(request::asRun).orElse(request);
      plan.load(inputs);
      try (SensorWatch watch = setting.watch().get()) {
        Progress rest =
            (phase, done, detail) ->
                progress.report(phase, CHECKED + (1 - CHECKED) * done, batch + ", " + detail);
        Samples samples =
            new Sampler(plan, request.rules(), setting.nanoClock(), watch, rest).sample(firstRun);
        Sensors sensors = watch.summary(joulesPerInference(plan, request.batch(), watch));
        progress.report("measure", 1, batch);
        validity.judgeSamples(samples, request.rules());
        Run run = request.run(backend.name(), samples, startedAt);
        return join(counted, plan, run, samples, check, sensors, validity);
      }
    }
  }

  /**
   * Joules per inference: passes back to back between two readings of the device's energy counter.
   * Null if there is no counter, or it did not move.
   *
   * @param batch inferences of one pass
   */
  private @Nullable Double joulesPerInference(Plan plan, long batch, SensorWatch watch) {
    OptionalDouble before = watch.energyJoules();
    if (before.isEmpty()) {
      return null;
    }
    long start = setting.nanoClock().getAsLong();
    long passes = 0;
    while ((setting.nanoClock().getAsLong() - start) / 1e9 < ENERGY_SECONDS) {
      plan.timePass();
      passes++;
    }
    double joules = watch.energyJoules().orElse(0) - before.getAsDouble();
    return joules > 0 ? joules / (passes * batch) : null;
  }

  /** The facts of a run on these inputs, if some of the work depends on data. */
  private Optional<RunFacts> facts(Graph graph, Map<String, Tensor> inputs) {
    if (!RunFacts.mayAddTo(graph)) {
      return Optional.empty();
    }
    Reference reference = setting.reference();
    try {
      return reference == null ? backend.facts(graph, inputs) : reference.facts(graph, inputs);
    } catch (UnsupportedOperatorException e) {
      return Optional.empty(); // the check has reported it, and the count says what depends on data
    }
  }

  private @Nullable NumericCheck check(
      Plan plan, ProfileRequest request, Map<String, Tensor> inputs, Validity validity) {
    Reference reference = setting.reference();
    if (reference == null) {
      validity.warn("the outputs were not compared with a reference");
      return null;
    }
    Map<String, Tensor> expected;
    try {
      expected = reference.outputs(request.graph(), inputs);
    } catch (UnsupportedOperatorException e) {
      validity.warn("the outputs were not compared with a reference: " + e.getMessage());
      return null;
    }
    double error = OutputCheck.relativeL2(plan.run(inputs), expected);
    double tolerance = OutputCheck.tolerance(request.options().precision());
    // JSON has no infinity: outputs that cannot be compared are wrong by the largest number.
    NumericCheck check =
        new NumericCheck(
            reference.name(), Math.min(error, Double.MAX_VALUE), tolerance, error <= tolerance);
    validity.judgeCheck(check);
    return check;
  }

  private ProfileResult join(
      ProfileRequest request,
      Plan plan,
      Run run,
      Samples samples,
      @Nullable NumericCheck check,
      @Nullable Sensors sensors,
      Validity validity) {
    Counts counts = request.counts();
    Precision precision = request.options().precision();
    double median = Distribution.of(samples.passes()).median();
    RoofSet known = setting.roofs().at(precision, sensors == null ? null : sensors.smClockHz());
    RoofSet roofs = validity.plausible(counts.totals().macFlops() / median, known);
    ResultJoin join =
        new ResultJoin(
            request, floats(precision), roofs, plan.steps(), samples, plan.floorSeconds());
    validity.judgeNoise(join.latency().relativeIqr());
    validity.judgeLayerSum(join.layerSumRatio());
    validity.judgeSurroundings(sensors);
    request.notes().forEach(validity::warn);
    plan.notes().forEach(validity::warn);
    join.judge(validity);
    return new ProfileResult(
        counts.model(),
        device(request.options().threads()),
        run,
        setting.environment(),
        Totals.of(counts),
        join.latency(),
        join.throughput(),
        join.efficiency(),
        join.layers(),
        join.layerSumRatio(),
        plan.memory(),
        samples.firstRun(),
        launch(plan, median),
        check,
        plan.profiledRatio().map(join::assignment).orElse(null),
        roofs.roofs(),
        sensors,
        validity.isValid(),
        validity.warnings());
  }

  /** The device, with the run's number of threads if one was given. */
  private Device device(int threads) {
    Device device = backend.device();
    if (threads == 0) {
      return device;
    }
    Map<String, String> properties = new TreeMap<>(device.properties());
    properties.put("threads", Integer.toString(threads));
    return new Device(device.kind(), device.id(), device.name(), properties, device.isEmulated());
  }

  /** The storage of floats that are not quantised: fp32 on a CPU. */
  private Precision floats(Precision precision) {
    boolean isOnCpu = backend.device().kind() == DeviceKind.CPU;
    return isOnCpu && precision.isQuantized() ? Precision.FP32 : precision;
  }

  /** Eager and graph, if the backend has both. */
  private static @Nullable Launch launch(Plan plan, double graphSeconds) {
    if (plan.timeEagerPass().isEmpty()) {
      return null;
    }
    List<Double> eager = new ArrayList<>();
    for (int i = 0; i < EAGER_PASSES; i++) {
      plan.timeEagerPass().ifPresent(eager::add);
    }
    double median = Distribution.of(eager).median();
    return new Launch(median, graphSeconds, (median - graphSeconds) / graphSeconds);
  }
}
