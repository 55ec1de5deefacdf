package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchProgress;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.execute.CudnnPlan;
import dev.flopmeter.run.cudnn.execute.PlanCache;
import dev.flopmeter.run.cudnn.operator.LayoutChoice;
import dev.flopmeter.run.cudnn.operator.Planner;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.DevicePlan.PlannedStep;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * Measures a graph's steps in both formats, combines the better ones by {@link LayoutChoice}, and
 * chooses the fastest of the three plans by a whole pass. The choice is stored for later runs.
 */
record LayoutSearch(
    Gpu gpu, PlanCache cache, Graph graph, RunOptions options, SearchProgress progress) {
  private static final int PASSES = 5;

  /** In either format, and combined. */
  private static final int PLANS = 3;

  /** Until a conversion is measured: two bytes read and written at a terabyte per second. */
  private static final double ASSUMED_SECONDS_PER_ELEMENT = 4e-12;

  /**
   * Seconds of one plan.
   *
   * @param convolutions by name
   * @param converted elements
   */
  private record Measured(
      double pass, Map<String, Double> convolutions, double conversions, double converted) {}

  /** The format of each convolution, by its name. */
  Function<String, MemoryLayout> best() {
    List<Node> convolutions = LayoutChoice.convolutions(graph);
    String types =
        convolutions.stream()
            .map(node -> List.of(node.inputs().get(0), node.inputs().get(1), node.outputs().get(0)))
            .map(values -> values.stream().map(graph::requireType).toList().toString())
            .collect(Collectors.joining());
    String problem = (options + " layouts " + LayoutChoice.edges(graph) + types).replace('\n', ' ');
    // The second letter of each one's layout.
    String letters =
        cache
            .find(problem)
            .filter(noted -> noted.length() == convolutions.size())
            .orElseGet(() -> measured(convolutions, problem));
    Map<String, MemoryLayout> formats = new HashMap<>();
    for (int i = 0; i < letters.length(); i++) {
      boolean isLast = letters.charAt(i) == 'h';
      formats.put(
          convolutions.get(i).name(), isLast ? MemoryLayout.CHANNELS_LAST : MemoryLayout.PLAIN);
    }
    return node -> formats.getOrDefault(node, MemoryLayout.PLAIN);
  }

  private String measured(List<Node> convolutions, String problem) {
    Function<String, MemoryLayout> best = measured();
    String letters =
        convolutions.stream()
            .map(node -> best.apply(node.name()).label().substring(1, 2))
            .collect(Collectors.joining());
    cache.put(problem, letters);
    return letters;
  }

  private Function<String, MemoryLayout> measured() {
    Measured plain = measure(node -> MemoryLayout.PLAIN, 0);
    Measured last = measure(node -> MemoryLayout.CHANNELS_LAST, 1);
    boolean isPlain = plain.pass() <= last.pass();
    MemoryLayout uniform = isPlain ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    double converted = plain.converted() + last.converted();
    Map<String, MemoryLayout> mixed =
        LayoutChoice.cheapest(
            Map.of(
                MemoryLayout.PLAIN,
                plain.convolutions(),
                MemoryLayout.CHANNELS_LAST,
                last.convolutions()),
            LayoutChoice.edges(graph),
            converted == 0
                ? ASSUMED_SECONDS_PER_ELEMENT
                : (plain.conversions() + last.conversions()) / converted);
    Function<String, MemoryLayout> chosen = node -> mixed.getOrDefault(node, uniform);
    boolean isUniform = mixed.values().stream().allMatch(format -> format == uniform);
    boolean isBest = isUniform || measure(chosen, 2).pass() < Math.min(plain.pass(), last.pass());
    return isBest ? chosen : node -> uniform;
  }

  private Measured measure(Function<String, MemoryLayout> formats, int part) {
    Set<String> names =
        LayoutChoice.convolutions(graph).stream().map(Node::name).collect(Collectors.toSet());
    DevicePlan devicePlan = Planner.plan(graph, options, formats);
    SearchProgress ofPlan = progress.part(part, PLANS);
    try (CudnnPlan plan = new CudnnPlan(gpu, cache, graph, devicePlan, options, ofPlan)) {
      double[] shortest = plan.timeSteps();
      for (int i = 1; i < PASSES; i++) {
        double[] again = plan.timeSteps();
        Arrays.setAll(shortest, step -> Math.min(shortest[step], again[step]));
      }
      Map<String, Double> convolutions = new LinkedHashMap<>();
      double conversions = 0;
      double converted = 0;
      for (int i = 0; i < shortest.length; i++) {
        PlannedStep step = devicePlan.steps().get(i);
        if (names.contains(step.name())) {
          convolutions.put(step.name(), shortest[i]);
        } else if (step.op().equals("Convert")) {
          conversions += shortest[i];
          converted += step.writes().get(0).elements();
        }
      }
      double pass = DoubleStream.generate(plan::timePass).limit(PASSES).min().orElseThrow();
      return new Measured(pass, convolutions, conversions, converted);
    }
  }
}
