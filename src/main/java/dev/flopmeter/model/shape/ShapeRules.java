package dev.flopmeter.model.shape;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The registry of shape rules, by qualified operator name. */
public final class ShapeRules {
  /** The rules that were needed so far. */
  private static final Map<String, ShapeRule> READ = new ConcurrentHashMap<>();

  private ShapeRules() {}

  /** The rule of an operator such as {@code Conv} or {@code com.microsoft:FusedConv}. */
  public static Optional<ShapeRule> find(String qualifiedOp) {
    ShapeRule rule = READ.get(qualifiedOp);
    if (rule == null) {
      rule = TypeEquations.find(qualifiedOp);
      if (rule != null) {
        READ.put(qualifiedOp, rule);
      }
    }
    return Optional.ofNullable(rule);
  }

  /** All operators with a rule. */
  public static Set<String> operators() {
    return Collections.unmodifiableSet(TypeEquations.operators());
  }
}
