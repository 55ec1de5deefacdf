package dev.flopmeter.bench;

import dev.flopmeter.device.SensorSource;
import dev.flopmeter.measure.Distribution;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.measure.SampledWatch;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.util.ArrayList;
import java.util.List;

/**
 * The effect of reading sensors on the measured latency: blocks of passes with and without it,
 * alternating, so that drift affects both alike; and the time of one reading, an upper bound of the
 * effect.
 *
 * <p>Arguments: MODEL (resnet18), blocks of each kind (20), seconds per block (1), threads (1).
 */
final class SensorCost {
  private SensorCost() {}

  public static void main(String[] args) {
    String model = args.length > 0 ? args[0] : "resnet18";
    int blocks = args.length > 1 ? Integer.parseInt(args[1]) : 20;
    double seconds = args.length > 2 ? Double.parseDouble(args[2]) : 1;
    int threads = args.length > 3 ? Integer.parseInt(args[3]) : 1;
    Graph graph = Zoo.get(model).bind(Bindings.NONE);
    try (Backend backend = DjlBackend.open();
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withThreads(threads))) {
      plan.load(RandomInputs.of(graph, 1));
      block(plan, seconds);
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < blocks; i++) {
        double without = block(plan, seconds);
        double with;
        try (SampledWatch watch = SampledWatch.start(SensorSource.of(backend.device()))) {
          with = block(plan, seconds);
        }
        ratios.add(with / without - 1);
      }
      Distribution cost = Distribution.of(ratios);
      Interval interval = cost.medianInterval();
      System.out.printf(
          "latency with the watch: %+.3f %% (95 %% interval %+.3f to %+.3f)%n",
          100 * cost.median(), 100 * interval.low(), 100 * interval.high());
      double reading = reading(backend);
      System.out.printf(
          "one reading takes %.0f us; ten a second are %.3f %% of one core's time%n",
          1e6 * reading, 100 * 10 * reading);
    }
  }

  /** The median pass of a block. */
  private static double block(Plan plan, double seconds) {
    List<Double> passes = new ArrayList<>();
    for (double total = 0; total < seconds || passes.size() < 5; ) {
      double pass = plan.timePass();
      passes.add(pass);
      total += pass;
    }
    return Distribution.of(passes).median();
  }

  private static double reading(Backend backend) {
    try (SensorSource source = SensorSource.of(backend.device())) {
      List<Double> times = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        long start = System.nanoTime();
        source.read();
        times.add((System.nanoTime() - start) / 1e9);
      }
      return Distribution.of(times).median();
    }
  }
}
