package dev.flopmeter.model.shape;

import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.equation.Definition;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The registry of shape rules, by qualified operator name. */
public final class ShapeRules {
  /** Operators with these traits share equations, unless they have their own. */
  static final List<OperatorTrait> SHARING =
      List.of(
          OperatorTrait.UNARY,
          OperatorTrait.COMPARISON,
          OperatorTrait.BINARY,
          OperatorTrait.VARIADIC,
          OperatorTrait.REDUCTION);

  private static final Map<String, Definition> EQUATIONS =
      Definition.read(ShapeRules.class, TypeFunctions.DIALECT);

  /** The rules that were needed so far. */
  private static final Map<String, ShapeRule> READ = new ConcurrentHashMap<>();

  private ShapeRules() {}

  /** The rule of an operator such as {@code Conv} or {@code com.microsoft:FusedConv}. */
  public static Optional<ShapeRule> find(String qualifiedOp) {
    ShapeRule rule = READ.get(qualifiedOp);
    Definition equations = rule == null ? equations(qualifiedOp) : null;
    if (equations != null) {
      rule = new TypeEquations.Rule(equations);
      READ.put(qualifiedOp, rule);
    }
    return Optional.ofNullable(rule);
  }

  private static @Nullable Definition equations(String qualifiedOp) {
    if (!Definition.isOperator(qualifiedOp)) {
      return null;
    }
    Definition equations = EQUATIONS.get(qualifiedOp);
    for (int i = 0; i < SHARING.size() && equations == null; i++) {
      OperatorTrait trait = SHARING.get(i);
      if (trait.has(qualifiedOp)) {
        equations = EQUATIONS.get(trait.name().toLowerCase(Locale.ROOT));
      }
    }
    return equations;
  }

  /** All operators with a rule. */
  public static Set<String> operators() {
    Set<String> operators = new HashSet<>(EQUATIONS.keySet());
    operators.removeIf(name -> !Definition.isOperator(name));
    for (OperatorTrait trait : SHARING) {
      operators.addAll(trait.operators());
    }
    return operators;
  }
}
