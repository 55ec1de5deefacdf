package dev.flopmeter.model.shape;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The registry of shape rules, by qualified operator name. */
public final class ShapeRules {
  private static final Map<String, ShapeRule> STANDARD = standardRules();

  private ShapeRules() {}

  /** The rule of an operator such as {@code Conv} or {@code com.microsoft:FusedConv}. */
  public static Optional<ShapeRule> find(String qualifiedOp) {
    return Optional.ofNullable(STANDARD.get(qualifiedOp));
  }

  /** All operators with a rule. */
  public static java.util.Set<String> operators() {
    return STANDARD.keySet();
  }

  private static Map<String, ShapeRule> standardRules() {
    Map<String, ShapeRule> rules = new HashMap<>();
    ElementwiseShapes.addTo(rules);
    WindowShapes.addTo(rules);
    MatrixShapes.addTo(rules);
    ReductionShapes.addTo(rules);
    LayoutShapes.addTo(rules);
    SelectionShapes.addTo(rules);
    ConstantShapes.addTo(rules);
    RecurrentShapes.addTo(rules);
    AttentionShapes.addTo(rules);
    SamplingShapes.addTo(rules);
    SignalShapes.addTo(rules);
    DataDependentShapes.addTo(rules);
    LossShapes.addTo(rules);
    LinearAttentionShapes.addTo(rules);
    PackedShapes.addTo(rules);
    return Collections.unmodifiableMap(rules);
  }
}
