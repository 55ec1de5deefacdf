package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Sizes that the equations of {@code sizes.txt} compute for shapes, counts and kernels alike. */
final class NodeSizes {
  static final Map<String, Definition> EQUATIONS =
      Definition.read(
          NodeSizes.class, new Dialect.Of("sizes.txt", NodeFunctions::find, name -> false));

  private static final String[] OF_ATTENTION =
      "batch heads key_heads queries fresh total past present depth value_depth".split(" ", -1);

  private NodeSizes() {}

  /** The results of a definition for {@code in}'s node. */
  static List<Object> of(Operands in, String definition) {
    return new TypeEquations(in).results(Objects.requireNonNull(EQUATIONS.get(definition)));
  }

  /** The sizes of an attention under the names that equations have for them. */
  static Map<String, Object> ofAttention(Operands in) {
    List<Object> sizes = of(in, "attention");
    Map<String, Object> byName = new HashMap<>();
    for (int i = 0; i < sizes.size(); i++) {
      byName.put(OF_ATTENTION[i], sizes.get(i));
    }
    return byName;
  }
}
