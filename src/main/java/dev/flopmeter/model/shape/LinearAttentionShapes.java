package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Layers that carry a state from token to token in place of all earlier keys (opset 27). */
final class LinearAttentionShapes {
  private LinearAttentionShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("LinearAttention", LinearAttentionShapes::linearAttention);
    rules.put("CausalConvWithState", LinearAttentionShapes::causalConvolution);
  }

  /** Output B x T x (Hq Dv), state B x Hkv x Dk x Dv. */
  private static List<TensorType> linearAttention(Operands in) {
    Shape query = in.shape(0);
    Shape value = in.shape(2);
    long queryHeads = in.attributes().integer("q_num_heads");
    long valueHeads = in.attributes().integer("kv_num_heads");
    if (query.rank() != 3
        || value.rank() != 3
        || queryHeads < 1
        || valueHeads < 1
        || query.dim(2) % queryHeads != 0
        || value.dim(2) % valueHeads != 0) {
      throw new ModelException(
          "queries "
              + query
              + " and values "
              + value
              + " do not fit "
              + queryHeads
              + " and "
              + valueHeads
              + " heads");
    }
    long keyWidth = query.dim(2) / queryHeads;
    long valueWidth = value.dim(2) / valueHeads;
    TensorType state = in.has(3) ? in.type(3) : in.type(0);
    return List.of(
        in.type(0).withShape(query.with(2, queryHeads * valueWidth)),
        state.withShape(Shape.of(query.dim(0), valueHeads, keyWidth, valueWidth)));
  }

  /** Output as the input B x C x L, state B x C x (k - 1). */
  private static List<TensorType> causalConvolution(Operands in) {
    Shape x = in.shape(0);
    Shape weight = in.shape(1);
    if (x.rank() != 3 || weight.rank() != 3 || weight.dim(0) != x.dim(1) || weight.dim(2) < 1) {
      throw new ModelException("the weights " + weight + " do not fit the input " + x);
    }
    return List.of(in.type(0), in.type(0).withShape(x.with(2, weight.dim(2) - 1)));
  }
}
