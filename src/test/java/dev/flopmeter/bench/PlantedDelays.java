package dev.flopmeter.bench;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.measure.TurnTaking;
import dev.flopmeter.measure.Turns;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Real comparisons by turns on this machine: a network with itself, and with itself plus a busy
 * wait of 3 % and 5 % after each pass. Cycles through the planted slowdowns and the networks until
 * the time is over, prints each comparison and then a table.
 *
 * <p>Arguments: minutes (15), threads (1), MODEL... (squeezenet1_1, mobilenet_v2, resnet18).
 */
final class PlantedDelays {
  private static final double[] SLOWDOWNS = {0, 0.03, 0.05};
  private static final double THRESHOLD = 0.01;
  private static final double ERROR_RATE = 0.001;

  /** The outcome of one comparison. */
  private static final double LIMIT_SECONDS = 60;

  private PlantedDelays() {}

  public static void main(String[] args) {
    double minutes = args.length > 0 ? Double.parseDouble(args[0]) : 15;
    int threads = args.length > 1 ? Integer.parseInt(args[1]) : 1;
    List<String> models =
        args.length > 2
            ? List.of(args).subList(2, args.length)
            : List.of("squeezenet1_1", "mobilenet_v2", "resnet18");
    long end = System.nanoTime() + Math.round(minutes * 60e9);
    List<List<Turns>> found = new ArrayList<>();
    for (int i = 0; i < SLOWDOWNS.length; i++) {
      found.add(new ArrayList<>());
    }
    try (Backend backend = DjlBackend.open()) {
      for (int round = 0; System.nanoTime() < end; round++) {
        String model = models.get(round % models.size());
        for (int i = 0; i < SLOWDOWNS.length && System.nanoTime() < end; i++) {
          Turns turns = compare(backend, model, SLOWDOWNS[i], threads, round);
          found.get(i).add(turns);
          System.out.printf(
              Locale.ROOT,
              "%s, slowed by %.0f %%: %s, %+.2f %%, %d turns, %.1f s%n",
              model,
              100 * SLOWDOWNS[i],
              turns.verdict() == null ? "undecided" : turns.verdict().label(),
              100 * turns.change(),
              turns.pairs(),
              turns.seconds());
        }
      }
    }
    System.out.println("\n| slowed by | comparisons | slower | faster | same | undecided |");
    System.out.println("|---|---|---|---|---|---|");
    for (int i = 0; i < SLOWDOWNS.length; i++) {
      List<Turns> some = found.get(i);
      System.out.printf(
          "| %.0f %% | %d | %d | %d | %d | %d |%n",
          100 * SLOWDOWNS[i],
          some.size(),
          count(some, Change.SLOWER),
          count(some, Change.FASTER),
          count(some, Change.SAME),
          some.stream().filter(turns -> turns.verdict() == null).count());
    }
  }

  private static long count(List<Turns> turns, Change verdict) {
    return turns.stream().filter(one -> one.verdict() == verdict).count();
  }

  private static Turns compare(
      Backend backend, String model, double slowdown, int threads, long seed) {
    Graph graph =
        (model.endsWith(".onnx") ? OnnxModel.read(Path.of(model)) : Zoo.get(model))
            .bind(Bindings.NONE);
    RunOptions options = RunOptions.DEFAULT.withThreads(threads);
    Turns.Side side = new Turns.Side(model, backend.name(), backend.device(), Precision.FP32, 1);
    try (Plan base = backend.prepare(graph, options);
        Plan next = new SlowedBackend(backend, slowdown).prepare(graph, options)) {
      base.load(RandomInputs.of(graph, 1));
      next.load(RandomInputs.of(graph, 1));
      return new TurnTaking(
              new Turns.Rules(THRESHOLD, ERROR_RATE, LIMIT_SECONDS, seed),
              System::nanoTime,
              Progress.SILENT)
          .compare(base, side, next, side);
    }
  }
}
