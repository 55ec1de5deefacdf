package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Sizes that the equations of {@code sizes.txt} compute for shapes, counts and kernels alike. */
final class NodeSizes implements Dialect {
  static final Map<String, Definition> EQUATIONS =
      Definition.read(NodeSizes.class, new NodeSizes());

  private NodeSizes() {}

  @Override
  public String file() {
    return "sizes.txt";
  }

  @Override
  public @Nullable BuiltIn function(String name) {
    return NodeFunctions.find(name);
  }

  /** The results of a definition for {@code in}'s node. */
  static List<Object> of(Operands in, String definition) {
    return new TypeEquations(in).results(Objects.requireNonNull(EQUATIONS.get(definition)));
  }

  /** A function of the file, for equations of others; null if there is none. */
  static @Nullable BuiltIn find(String name) {
    Definition definition = EQUATIONS.get(name);
    return definition == null ? null : definition.asFunction();
  }
}
