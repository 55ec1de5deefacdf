package dev.flopmeter.count.convention;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.CostRules;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.Sizes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The number that each tool would print for one network, and why they differ.
 *
 * @param macs multiply-accumulates, which nearly every tool starts from
 */
public record ToolComparison(ModelInfo model, long macs, List<ToolCount> tools) {

  public ToolComparison {
    tools = List.copyOf(tools);
  }

  /** Counts one graph under every convention. */
  public static ToolComparison of(CostRules rules, Model model, Graph graph) {
    List<ToolCount> tools = new ArrayList<>();
    Counts first = null;
    for (Convention convention : Conventions.all()) {
      Counts counts = new Counter(rules, convention).count(model, graph);
      first = first == null ? counts : first;
      tools.add(ToolCount.of(convention, counts));
    }
    Counts own = Objects.requireNonNull(first);
    return new ToolComparison(own.model(), own.totals().macs(), tools);
  }

  /**
   * One tool's number: {@code perMac x macs} plus the differences.
   *
   * @param differences what it counts beyond the MACs (or fails to count of them), by operator, the
   *     largest first; none where its number is not an amount of work
   */
  public record ToolCount(Convention convention, long value, List<Difference> differences) {
    public ToolCount {
      differences = List.copyOf(differences);
    }

    private static ToolCount of(Convention convention, Counts counts) {
      return new ToolCount(
          convention,
          counts.totals().flops(),
          convention.perMac() == 0 ? List.of() : differences(convention, counts));
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
      return byOp.entrySet().stream()
          .map(one -> new Difference(one.getKey(), one.getValue()))
          .sorted(Comparator.comparingLong((Difference one) -> -Math.abs(one.amount())))
          .toList();
    }
  }

  /** The work that operators of one kind add to the MACs; negative if MACs are missed. */
  public record Difference(String op, long amount) {}
}
