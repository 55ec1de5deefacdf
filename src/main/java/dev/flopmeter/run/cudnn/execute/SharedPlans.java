package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The plans of one network: equal graphs, as of equal layers, are planned and searched once. */
final class SharedPlans implements AutoCloseable {
  private final Gpu gpu;
  private final boolean isFma;
  private final ResourceStack owned = new ResourceStack();
  private final Map<String, GraphPlans> plans = new HashMap<>();
  private final Map<String, PlanSearch.Choice> choices = new HashMap<>();

  /**
   * @param isFma whether tensor cores must not be used
   */
  SharedPlans(Gpu gpu, boolean isFma) {
    this.gpu = gpu;
    this.isFma = isFma;
  }

  GraphPlans of(OperationGraph graph) {
    return plans.computeIfAbsent(graph.key(), key -> owned.add(new GraphPlans(gpu, graph, isFma)));
  }

  /** What was chosen for this problem before; nothing if it is new. */
  PlanSearch.@Nullable Choice chosen(String problem) {
    return choices.get(problem);
  }

  void choose(String problem, PlanSearch.Choice choice) {
    choices.put(problem, choice);
  }

  @Override
  public void close() {
    owned.close();
  }
}
