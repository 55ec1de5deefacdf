package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One node, whose output types the equations of {@code shapes.txt} compute. */
record TypeEquations(Operands in) implements NodeHost {
  static void addTo(Map<String, ShapeRule> rules) {
    Definition.read(TypeEquations.class, TypeFunctions.DIALECT)
        .forEach(
            (name, definition) -> {
              if (Character.isUpperCase(name.charAt(name.indexOf(':') + 1))) {
                rules.put(name, in -> new TypeEquations(in).types(definition));
              }
            });
  }

  private List<TensorType> types(Definition definition) {
    List<TensorType> types = new ArrayList<>();
    for (Object result : results(definition)) {
      types.add(type(result));
    }
    return types;
  }
}
