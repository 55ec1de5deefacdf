package dev.flopmeter.bench;

import dev.flopmeter.count.Counter;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.measure.SensorWatch;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Profiles one network repeatedly and compares every two profiles, which should all be the same;
 * then profiles it slowed by 10 % and compares that with each, which should always be confirmed.
 *
 * <p>Arguments: MODEL, profiles (10), seconds for each (15), threads (1).
 */
final class Repeatability {
  private static final double THRESHOLD = 0.05;
  private static final double SLOWDOWN = 0.10;

  private final Graph graph;
  private final Model model;
  private final SamplingRules rules;
  private final int threads;

  private Repeatability(Model model, int seconds, int threads) {
    this.model = model;
    this.graph = model.bind(Bindings.NONE);
    this.rules = SamplingRules.DEFAULT.withLimit(Duration.ofSeconds(seconds));
    this.threads = threads;
  }

  public static void main(String[] args) {
    String name = args.length > 0 ? args[0] : "resnet18";
    int profiles = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    int seconds = args.length > 2 ? Integer.parseInt(args[2]) : 15;
    int threads = args.length > 3 ? Integer.parseInt(args[3]) : 1;
    Model model = name.endsWith(".onnx") ? OnnxModel.read(Path.of(name)) : Zoo.get(name);
    try (Backend backend = DjlBackend.open()) {
      new Repeatability(model, seconds, threads).run(backend, profiles);
    }
  }

  private void run(Backend backend, int profiles) {
    List<ProfileResult> results = new ArrayList<>();
    for (int i = 0; i < profiles; i++) {
      results.add(profile(backend));
      tell("profile " + (i + 1), results.get(i));
    }
    int pairs = 0;
    int changed = 0;
    int ambiguous = 0;
    for (int i = 0; i < profiles; i++) {
      for (int j = i + 1; j < profiles; j++) {
        Change change = change(results.get(i), results.get(j));
        pairs++;
        changed += change == Change.SLOWER || change == Change.FASTER ? 1 : 0;
        ambiguous += change == Change.AMBIGUOUS ? 1 : 0;
      }
    }
    ProfileResult slowed = profile(new SlowedBackend(backend, SLOWDOWN));
    tell("slowed by 10 %", slowed);
    long found = results.stream().filter(base -> change(base, slowed) == Change.SLOWER).count();
    System.out.printf(
        "%d pairs of the same: %d called changed, %d ambiguous%n", pairs, changed, ambiguous);
    System.out.printf("slowed by 10 %%: %d of %d found%n", found, profiles);
  }

  private static Change change(ProfileResult base, ProfileResult next) {
    return new Comparison(base, next, THRESHOLD).total().change();
  }

  private static void tell(String what, ProfileResult result) {
    var latency = result.latency();
    System.out.printf(
        "%-15s min %.4g ms, median %.4g ms, q3 %.4g ms, %d samples (%s), valid %s%n",
        what,
        1e3 * latency.min(),
        1e3 * latency.median(),
        1e3 * latency.q3(),
        result.run().samples(),
        result.run().stopReason(),
        result.valid());
  }

  private ProfileResult profile(Backend backend) {
    Profiler.Setting setting =
        new Profiler.Setting(
            new Environment("bench", System.getProperty("java.version"), "", Map.of()),
            new DeviceRoofs(backend.device(), Datasheet.load(), null),
            null,
            () -> SensorWatch.NONE,
            System::nanoTime,
            Clock.systemUTC(),
            1);
    return new Profiler(backend, setting)
        .profile(
            new ProfileRequest(
                graph,
                Counter.standard().count(model, graph),
                1,
                RunOptions.DEFAULT.withThreads(threads),
                rules,
                false,
                List.of()),
            Progress.SILENT);
  }
}
