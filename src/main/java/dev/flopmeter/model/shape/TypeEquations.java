package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** One node, whose output types the equations of {@code shapes.txt} compute. */
record TypeEquations(Operands in) implements NodeHost {
  /** Operators of these traits have equations in common, unless they have their own. */
  static final List<OperatorTrait> SHARING =
      List.of(
          OperatorTrait.UNARY,
          OperatorTrait.COMPARISON,
          OperatorTrait.BINARY,
          OperatorTrait.VARIADIC,
          OperatorTrait.REDUCTION);

  /** By qualified operator name. */
  static Map<String, ShapeRule> rules() {
    Map<String, Definition> all = Definition.read(TypeEquations.class, TypeFunctions.DIALECT);
    Map<String, ShapeRule> rules = new HashMap<>();
    all.forEach(
        (name, definition) -> {
          if (Definition.isOperator(name)) {
            rules.put(name, rule(definition));
          }
        });
    for (OperatorTrait trait : SHARING) {
      ShapeRule shared =
          rule(Objects.requireNonNull(all.get(trait.name().toLowerCase(Locale.ROOT))));
      trait.operators().forEach(op -> rules.putIfAbsent(op, shared));
    }
    return rules;
  }

  private static ShapeRule rule(Definition definition) {
    return in -> new TypeEquations(in).types(definition);
  }

  private List<TensorType> types(Definition definition) {
    List<TensorType> types = new ArrayList<>();
    for (Object result : results(definition)) {
      types.add(type(result));
    }
    return types;
  }
}
