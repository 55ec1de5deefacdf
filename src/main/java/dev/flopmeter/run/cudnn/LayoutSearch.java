package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchProgress;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.execute.CudnnPlan;
import dev.flopmeter.run.cudnn.execute.PlanCache;
import dev.flopmeter.run.cudnn.operator.LayoutChoice;
import dev.flopmeter.run.cudnn.operator.Planner;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.PlannedStep;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Measures a graph's steps in both formats, joins the better of each by {@link LayoutChoice}, and
 * takes of the three plans the one whose whole pass is fastest. What was chosen is noted for later
 * runs.
 */
final class LayoutSearch {
  private static final int PASSES = 5;

  /** In either format, and joined. */
  private static final int PLANS = 3;

  /** Until a conversion was measured: two bytes read and written at a terabyte a second. */
  private static final double ASSUMED_SECONDS_PER_ELEMENT = 4e-12;

  private final Gpu gpu;
  private final PlanCache cache;
  private final Graph graph;
  private final RunOptions options;
  private final SearchProgress progress;
  private final Map<MemoryLayout, Map<String, Double>> seconds = new HashMap<>();
  private double conversionSeconds;
  private double conversionElements;

  private LayoutSearch(
      Gpu gpu, PlanCache cache, Graph graph, RunOptions options, SearchProgress progress) {
    this.gpu = gpu;
    this.cache = cache;
    this.graph = graph;
    this.options = options;
    this.progress = progress;
  }

  static Function<String, MemoryLayout> best(
      Gpu gpu, PlanCache cache, Graph graph, RunOptions options, SearchProgress progress) {
    List<Node> convolutions = LayoutChoice.convolutions(graph);
    String problem =
        (options + " layouts " + LayoutChoice.edges(graph) + described(graph, convolutions))
            .replace('\n', ' ');
    Optional<String> noted = cache.find(problem).filter(n -> n.length() == convolutions.size());
    if (noted.isPresent()) {
      return noted(convolutions, noted.get());
    }
    Function<String, MemoryLayout> best =
        new LayoutSearch(gpu, cache, graph, options, progress).best();
    cache.put(
        problem,
        convolutions.stream()
            .map(node -> best.apply(node.name()).label().substring(1, 2))
            .collect(Collectors.joining()));
    return best;
  }

  private static String described(Graph graph, List<Node> convolutions) {
    return convolutions.stream()
        .map(node -> List.of(node.inputs().get(0), node.inputs().get(1), node.outputs().get(0)))
        .map(values -> values.stream().map(graph::requireType).toList().toString())
        .collect(Collectors.joining());
  }

  /** By the second letter of each convolution's layout. */
  private static Function<String, MemoryLayout> noted(List<Node> convolutions, String letters) {
    Map<String, MemoryLayout> formats = new HashMap<>();
    for (int i = 0; i < letters.length(); i++) {
      boolean isLast = letters.charAt(i) == 'h';
      formats.put(
          convolutions.get(i).name(), isLast ? MemoryLayout.CHANNELS_LAST : MemoryLayout.PLAIN);
    }
    return node -> formats.getOrDefault(node, MemoryLayout.PLAIN);
  }

  private Function<String, MemoryLayout> best() {
    double plain = measure(LayoutChoice.of(options.withLayout(Layout.NCHW)), MemoryLayout.PLAIN);
    double last =
        measure(LayoutChoice.of(options.withLayout(Layout.NHWC)), MemoryLayout.CHANNELS_LAST);
    MemoryLayout uniform = plain <= last ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    double perElement =
        conversionElements == 0
            ? ASSUMED_SECONDS_PER_ELEMENT
            : conversionSeconds / conversionElements;
    Map<String, MemoryLayout> mixed =
        LayoutChoice.cheapest(seconds, LayoutChoice.edges(graph), perElement);
    Function<String, MemoryLayout> chosen = node -> mixed.getOrDefault(node, uniform);
    boolean isUniform = mixed.values().stream().allMatch(format -> format == uniform);
    if (isUniform || pass(chosen) < Math.min(plain, last)) {
      return chosen;
    }
    return node -> uniform;
  }

  private double pass(Function<String, MemoryLayout> formats) {
    try (CudnnPlan plan = plan(formats)) {
      return shortest(plan);
    }
  }

  private CudnnPlan plan(Function<String, MemoryLayout> formats) {
    return new CudnnPlan(
        gpu, cache, graph, Planner.plan(graph, options, formats), options, progress.part(2, PLANS));
  }

  private static double shortest(CudnnPlan plan) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < PASSES; i++) {
      best = Math.min(best, plan.timePass());
    }
    return best;
  }

  /** Notes what each convolution takes in this format, and what conversions do. */
  private double measure(Function<String, MemoryLayout> formats, MemoryLayout format) {
    DevicePlan devicePlan = Planner.plan(graph, options, formats);
    try (CudnnPlan plan =
        new CudnnPlan(
            gpu, cache, graph, devicePlan, options, progress.part(seconds.size(), PLANS))) {
      double[] shortest = plan.timeSteps();
      for (int i = 1; i < PASSES; i++) {
        double[] again = plan.timeSteps();
        for (int j = 0; j < shortest.length; j++) {
          shortest[j] = Math.min(shortest[j], again[j]);
        }
      }
      Map<String, Double> own = new LinkedHashMap<>();
      List<String> names =
          new ArrayList<>(LayoutChoice.convolutions(graph).stream().map(Node::name).toList());
      for (int i = 0; i < shortest.length; i++) {
        PlannedStep step = devicePlan.steps().get(i);
        if (names.contains(step.name())) {
          own.put(step.name(), shortest[i]);
        } else if (step.op().equals("Convert")) {
          conversionSeconds += shortest[i];
          conversionElements += step.writes().get(0).elements();
        }
      }
      seconds.put(format, own);
      return shortest(plan);
    }
  }
}
