package dev.flopmeter.count;

import dev.flopmeter.model.RuleFamilies;
import dev.flopmeter.model.decompose.Decompositions;
import java.util.HashMap;
import java.util.List;
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
  private static final RuleFamilies<CostRule> FAMILIES =
      new RuleFamilies<>(
          List.of(
              WindowCosts::addTo,
              ElementwiseCosts::addTo,
              NormalizationCosts::addTo,
              MatrixCosts::addTo,
              FreeCosts::addTo,
              ReductionCosts::addTo,
              AttentionCosts::addTo,
              RecurrentCosts::addTo,
              LinearAttentionCosts::addTo,
              SignalCosts::addTo,
              ContribCosts::addTo,
              CostRules::addDecomposed));

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

  /** Operators that are made up of others and have no rule of their own. */
  private static void addDecomposed(Map<String, CostRule> rules) {
    Decompositions.operators()
        .forEach(
            (op, made) -> {
              if (FAMILIES.find(op).isEmpty()) {
                rules.put(op, DecomposedCost.of(made, STANDARD));
              }
            });
  }
}
