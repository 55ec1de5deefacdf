package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.List;

/** Counts graphs with a set of rules under one convention; immutable. */
public record Counter(CostRules rules, Convention convention) {
  /** The standard rules under the default convention. */
  public static Counter standard() {
    return new Counter(CostRules.standard(), OwnConvention.FLOPS);
  }

  /** Counts {@code graph}, bound from {@code model}. */
  public Counts count(Model model, Graph graph) {
    return count(info(model.name(), model.source(), model.opset(), graph), graph);
  }

  /** Counts {@code graph}. */
  public Counts count(Graph graph) {
    return count(info(graph.name(), "graph", graph.opset(), graph), graph);
  }

  /**
   * What {@code graph} costs.
   *
   * @throws ModelException if a number exceeds 2^63-1
   */
  public Counts count(ModelInfo info, Graph graph) {
    return new GraphCount(rules, convention, graph, null).toCounts(info);
  }

  /**
   * What {@code graph} cost in a run, by the same rules; layers that the run decided are marked.
   *
   * @param info of {@code graph}
   * @throws ModelException if a number exceeds 2^63-1
   */
  public Counts count(ModelInfo info, Graph graph, RunFacts facts) {
    GraphCount run = new GraphCount(rules, convention, graph, facts);
    run.markChanges(count(info, graph).layers());
    return run.toCounts(info);
  }

  private static ModelInfo info(String name, String source, int opset, Graph graph) {
    List<ModelInfo.Input> inputs = new ArrayList<>();
    for (String each : graph.inputs()) {
      TensorType type = graph.type(each).orElse(null);
      if (type != null) {
        inputs.add(new ModelInfo.Input(each, type));
      }
    }
    return new ModelInfo(name, source, opset, inputs);
  }
}
