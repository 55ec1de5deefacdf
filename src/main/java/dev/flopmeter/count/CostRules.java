package dev.flopmeter.count;

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
  private static final CostRules STANDARD = new CostRules(Map.of());

  /** The rules that were added to the documented ones, or replace them. */
  private final Map<String, CostRule> own;

  private CostRules(Map<String, CostRule> own) {
    this.own = Map.copyOf(own);
  }

  /** The documented rules of every supported operator. */
  public static CostRules standard() {
    return STANDARD;
  }

  /** These rules, with one added or replaced. */
  public CostRules with(String qualifiedOp, CostRule rule) {
    Map<String, CostRule> changed = new HashMap<>(own);
    changed.put(qualifiedOp, rule);
    return new CostRules(changed);
  }

  public Optional<CostRule> find(String qualifiedOp) {
    CostRule rule = own.get(qualifiedOp);
    return Optional.ofNullable(rule == null ? DocumentedRules.find(qualifiedOp) : rule);
  }

  /** All operators with a rule, sorted. */
  public SortedSet<String> operators() {
    SortedSet<String> operators = new TreeSet<>(own.keySet());
    operators.addAll(DocumentedRules.operators());
    return operators;
  }
}
