package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import java.util.ArrayList;
import java.util.List;

/** One node, whose output types the equations of {@code shapes.txt} give. */
record TypeEquations(Operands in) implements NodeHost {
  /** The equations of one operator. */
  record Rule(Definition definition) implements ShapeRule {
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
