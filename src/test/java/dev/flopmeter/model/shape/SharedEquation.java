package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Value;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Calls a function of {@code sizes.txt} about a node of one input. */
final class SharedEquation {
  private SharedEquation() {}

  static Object of(String function, Shape input, Object argument, Object... attributes) {
    Node node =
        new Node(
            "node", "", "Any", 20, List.of("x"), List.of("y"), Attributes.of(attributes), Map.of());
    Operands in =
        new Operands(
            node,
            value -> value.equals("x") ? new TensorType(DataType.FLOAT, input) : null,
            value -> null);
    return Objects.requireNonNull(NodeSizes.find(function), function)
        .rule()
        .of(new TypeEquations(in), List.of(new Value("x", 0), argument));
  }
}
