package dev.flopmeter.count;

import dev.flopmeter.model.decompose.Decompositions;
import java.util.Collections;
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
  private static final CostRules STANDARD = new CostRules(standardRules());

  private final Map<String, CostRule> rules;

  private CostRules(Map<String, CostRule> rules) {
    this.rules = Collections.unmodifiableMap(rules);
  }

  /** The documented rules of every operator that flopmeter knows. */
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

  private static Map<String, CostRule> standardRules() {
    Map<String, CostRule> rules = new HashMap<>();
    FreeCosts.addTo(rules);
    ElementwiseCosts.addTo(rules);
    ReductionCosts.addTo(rules);
    NormalizationCosts.addTo(rules);
    WindowCosts.addTo(rules);
    MatrixCosts.addTo(rules);
    AttentionCosts.addTo(rules);
    RecurrentCosts.addTo(rules);
    LinearAttentionCosts.addTo(rules);
    SignalCosts.addTo(rules);
    ContribCosts.addTo(rules);
    Decompositions.operators()
        .forEach((op, made) -> rules.putIfAbsent(op, DecomposedCost.of(made, rules)));
    return rules;
  }
}
