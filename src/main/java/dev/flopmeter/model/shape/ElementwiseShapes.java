package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/**
 * Operators whose outputs have their inputs' (broadcast) shape. Elementwise operators get theirs
 * from {@link OperatorTrait}, where they have no rule of their own.
 */
final class ElementwiseShapes {
  private ElementwiseShapes() {}

  /** Operators that mix elements, or write to some, and keep the shape. */
  private static final String LIKE_FIRST_INPUT =
      """
      CumProd CumSum Identity InstanceNormalization LpNormalization MeanVarianceNormalization
      PRelu RMSNormalization ReverseSequence Scatter ScatterElements ScatterND SwiGLU Trilu
      com.microsoft:BiasGelu
      """;

  static void addTo(Map<String, ShapeRule> rules) {
    ShapeRule likeFirst = in -> List.of(in.type(0));
    ShapeRule broadcast = in -> List.of(broadcast(in));
    OperatorTrait.UNARY.operators().forEach(op -> rules.putIfAbsent(op, likeFirst));
    OperatorTrait.BINARY.operators().forEach(op -> rules.putIfAbsent(op, broadcast));
    OperatorTrait.VARIADIC.operators().forEach(op -> rules.putIfAbsent(op, broadcast));
    for (String op : LIKE_FIRST_INPUT.strip().split("\\s+", -1)) {
      rules.put(op, likeFirst);
    }
    OperatorTrait.COMPARISON
        .operators()
        .forEach(op -> rules.put(op, in -> List.of(broadcast(in).withType(DataType.BOOL))));
  }

  /** The common shape of all inputs; before opset 7 the second operand aligned to {@code axis}. */
  private static TensorType broadcast(Operands in) {
    TensorType first = in.type(0);
    if (in.opset() < 7 && in.attributes().flag("broadcast", false)) {
      return first;
    }
    Shape shape = first.shape();
    for (int i = 1; i < in.inputCount(); i++) {
      shape = shape.broadcast(in.shape(i));
    }
    return first.withShape(shape);
  }
}
