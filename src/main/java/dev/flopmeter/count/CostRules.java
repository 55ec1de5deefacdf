package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The registry of cost rules by qualified operator name, such as {@code Conv} or {@code
 * com.microsoft:Gelu}; immutable.
 *
 * <p>{@code CostRules.standard().with("MyOp", node -> Work.flops(2 * node.output(0).elements()))}
 * adds or replaces one.
 */
public final class CostRules {
  private static final CostRules STANDARD = new CostRules(documented());

  private final Map<String, CostRule> rules;

  private CostRules(Map<String, CostRule> rules) {
    this.rules = Map.copyOf(rules);
  }

  /** The documented rules of every supported operator. */
  public static CostRules standard() {
    return STANDARD;
  }

  /** These rules, with one added or replaced. */
  public CostRules with(String qualifiedOp, CostRule rule) {
    Map<String, CostRule> changed = new HashMap<>(rules);
    changed.put(qualifiedOp, rule);
    return new CostRules(changed);
  }

  public Optional<CostRule> find(String qualifiedOp) {
    return Optional.ofNullable(rules.get(qualifiedOp));
  }

  /** All operators with a rule, sorted. */
  public SortedSet<String> operators() {
    return new TreeSet<>(rules.keySet());
  }

  /** The rules by equations; operators that are made up of others and have none: their work. */
  private static Map<String, CostRule> documented() {
    Map<String, CostRule> rules = WorkEquations.rules();
    Csv.byWord(CostRules.class, "decomposed.csv")
        .forEach(
            (op, row) ->
                rules.putIfAbsent(op, new CostRule.Described(row.get(0), CostRules::decomposed)));
    return rules;
  }

  private static Work decomposed(Operands in) {
    Graph body = Decompositions.of(in).orElseThrow();
    Work work = Work.NONE;
    for (Node node : body.nodes()) {
      CostRule rule = STANDARD.find(node.qualifiedOp()).orElseThrow();
      work = work.plus(rule.work(Operands.of(body, node)));
    }
    return work;
  }
}
