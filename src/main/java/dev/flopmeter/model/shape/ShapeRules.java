package dev.flopmeter.model.shape;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The registry of shape rules, by qualified operator name. */
public final class ShapeRules {
  private static final Map<String, ShapeRule> ALL = TypeEquations.rules();

  private ShapeRules() {}

  /** The rule of an operator such as {@code Conv} or {@code com.microsoft:FusedConv}. */
  public static Optional<ShapeRule> find(String qualifiedOp) {
    return Optional.ofNullable(ALL.get(qualifiedOp));
  }

  /** All operators with a rule. */
  public static Set<String> operators() {
    return Collections.unmodifiableSet(ALL.keySet());
  }
}
