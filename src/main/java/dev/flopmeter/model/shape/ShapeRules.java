package dev.flopmeter.model.shape;

import dev.flopmeter.model.RuleFamilies;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The registry of shape rules, by qualified operator name. */
public final class ShapeRules {
  private static final RuleFamilies<ShapeRule> STANDARD =
      new RuleFamilies<>(
          List.of(
              TypeEquations::addTo,
              ElementwiseShapes::addTo,
              LayoutShapes::addTo,
              ReductionShapes::addTo,
              SelectionShapes::addTo,
              DataDependentShapes::addTo));

  private ShapeRules() {}

  /** The rule of an operator such as {@code Conv} or {@code com.microsoft:FusedConv}. */
  public static Optional<ShapeRule> find(String qualifiedOp) {
    return STANDARD.find(qualifiedOp);
  }

  /** All operators with a rule. */
  public static Set<String> operators() {
    return STANDARD.operators();
  }
}
