package dev.flopmeter.count.convention;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.CostRules;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.convention.ToolComparison.Difference;
import dev.flopmeter.count.convention.ToolComparison.ToolCount;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.Sizes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts one graph under every convention and says where each leaves the MACs. */
public final class Comparer {
  private final CostRules rules;

  public Comparer(CostRules rules) {
    this.rules = rules;
  }

  public ToolComparison compare(Model model, Graph graph) {
    List<ToolCount> tools = new ArrayList<>();
    Counts first = null;
    for (Convention convention : Conventions.all()) {
      Counts counts = new Counter(rules, convention).count(model, graph);
      first = first == null ? counts : first;
      tools.add(toolCount(convention, counts));
    }
    if (first == null) {
      throw new IllegalStateException("there are conventions");
    }
    return new ToolComparison(first.model(), first.totals().macs(), tools);
  }

  private static ToolCount toolCount(Convention convention, Counts counts) {
    boolean isTool = convention instanceof ToolConvention;
    return new ToolCount(
        convention.name(),
        convention.unit(),
        convention.perMac(),
        isTool ? ((ToolConvention) convention).version() : "flopmeter",
        counts.totals().flops(),
        convention.perMac() == 0 ? List.of() : differences(convention, counts),
        isTool ? ((ToolConvention) convention).note() : ownNote(convention));
  }

  private static String ownNote(Convention convention) {
    return convention.perMac() == 2
        ? "2 per MAC and every other operator at its documented cost"
        : "multiply-accumulates of convolutions, matrix products, attention and recurrent cells";
  }

  private static List<Difference> differences(Convention convention, Counts counts) {
    Map<String, Long> byOp = new LinkedHashMap<>();
    for (LayerCost layer : counts.layers()) {
      long plain = Sizes.multiply(convention.perMac(), layer.cost().macs());
      long difference = Math.subtractExact(layer.cost().flops(), plain);
      if (difference != 0) {
        byOp.merge(layer.op(), difference, Sizes::add);
      }
    }
    List<Difference> differences = new ArrayList<>();
    byOp.forEach((op, amount) -> differences.add(new Difference(op, amount)));
    differences.sort(Comparator.comparingLong((Difference each) -> -Math.abs(each.amount())));
    return differences;
  }
}
