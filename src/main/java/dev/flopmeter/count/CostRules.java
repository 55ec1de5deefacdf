package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.RuleFamilies;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.text.Csv;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private static final RuleFamilies<CostRule> FAMILIES =
      new RuleFamilies<>(
          List.of(WorkEquations::addTo, WorkEquations::addPerElement, CostRules::addDecomposed));

  private static final CostRules STANDARD = new CostRules(Map.of());

  /** Rules that were added to the documented ones, or replace them. */
  private final Map<String, CostRule> added;

  private CostRules(Map<String, CostRule> added) {
    this.added = Map.copyOf(added);
  }

  /** The documented rules of every operator that flopmeter knows. */
  public static CostRules standard() {
    return STANDARD;
  }

  /** These rules, with one added or replaced. */
  public CostRules with(String qualifiedOp, CostRule rule) {
    Map<String, CostRule> changed = new HashMap<>(added);
    changed.put(qualifiedOp, rule);
    return new CostRules(changed);
  }

  public Optional<CostRule> find(String qualifiedOp) {
    CostRule own = added.get(qualifiedOp);
    return own == null ? FAMILIES.find(qualifiedOp) : Optional.of(own);
  }

  /** All operators with a rule, sorted. */
  public SortedSet<String> operators() {
    SortedSet<String> operators = new TreeSet<>(FAMILIES.operators());
    operators.addAll(added.keySet());
    return operators;
  }

  /** Operators that are made up of others and have no rule of their own: the work of these. */
  private static void addDecomposed(Map<String, CostRule> rules) {
    Map<String, String> texts = new HashMap<>();
    for (List<String> row : Csv.rows(CostRules.class, "decomposed.csv")) {
      Arrays.stream(row.get(0).split(" ")).forEach(op -> texts.put(op, row.get(1)));
    }
    for (String op : Decompositions.operators()) {
      if (FAMILIES.find(op).isEmpty()) {
        String formula = Objects.requireNonNull(texts.get(op), op);
        rules.put(op, new CostRule.Described(formula, CostRules::decomposed));
      }
    }
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
