package dev.flopmeter.run.cudnn.operator;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The registry of operators that this backend runs, by qualified name. */
public final class Operators {
  /** Plans one node: its steps, and where its results lie. */
  @FunctionalInterface
  interface Operator {
    void plan(NodePlan node);
  }

  private static final Map<String, Operator> ALL = all();

  private Operators() {}

  static Optional<Operator> find(String qualifiedOp) {
    return Optional.ofNullable(ALL.get(qualifiedOp));
  }

  public static Set<String> names() {
    return ALL.keySet();
  }

  private static Map<String, Operator> all() {
    Map<String, Operator> operators = new HashMap<>();
    Contraction.addTo(operators);
    Convolutions.addTo(operators);
    Pooling.addTo(operators);
    Pointwise.addTo(operators);
    Products.addTo(operators);
    DataMovement.addTo(operators);
    Normalizations.addTo(operators);
    Reductions.addTo(operators);
    Indexing.addTo(operators);
    Padding.addTo(operators);
    Resizing.addTo(operators);
    Scans.addTo(operators);
    Recurrence.addTo(operators);
    Quantization.addTo(operators);
    AttentionSteps.addTo(operators);
    return Collections.unmodifiableMap(operators);
  }
}
