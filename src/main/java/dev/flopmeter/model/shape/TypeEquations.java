package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One node, whose output types the equations of {@code shapes.txt} give. */
record TypeEquations(Operands in) implements NodeHost {
  /** Operators with these traits share equations, unless they have their own. */
  static final List<OperatorTrait> SHARING =
      List.of(
          OperatorTrait.UNARY,
          OperatorTrait.COMPARISON,
          OperatorTrait.BINARY,
          OperatorTrait.VARIADIC,
          OperatorTrait.REDUCTION);

  private static final Map<String, Definition> EQUATIONS =
      Definition.read(TypeEquations.class, TypeFunctions.DIALECT);

  /** The rule of an operator by its qualified name; null if there is none. */
  static @Nullable ShapeRule find(String qualifiedOp) {
    Definition definition = EQUATIONS.get(qualifiedOp);
    for (int i = 0; i < SHARING.size() && definition == null; i++) {
      OperatorTrait trait = SHARING.get(i);
      if (trait.has(qualifiedOp)) {
        definition = EQUATIONS.get(trait.name().toLowerCase(Locale.ROOT));
      }
    }
    return definition == null || !Definition.isOperator(qualifiedOp) ? null : new Rule(definition);
  }

  /** All operators with a rule. */
  static Set<String> operators() {
    Set<String> operators = new HashSet<>();
    for (String name : EQUATIONS.keySet()) {
      if (Definition.isOperator(name)) {
        operators.add(name);
      }
    }
    for (OperatorTrait trait : SHARING) {
      operators.addAll(trait.operators());
    }
    return operators;
  }

  /** The equations of one operator. */
  private record Rule(Definition definition) implements ShapeRule {
    @Override
    public List<TensorType> infer(Operands in) {
      TypeEquations node = new TypeEquations(in);
      List<TensorType> types = new ArrayList<>();
      for (Object result : node.results(definition)) {
        types.add(node.type(result));
      }
      return types;
    }
  }
}
