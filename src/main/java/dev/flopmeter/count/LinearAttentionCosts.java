package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.Map;

/** Layers that carry a state from token to token (opset 27), counted as the recurrence. */
final class LinearAttentionCosts {
  private LinearAttentionCosts() {}

  static void addTo(Map<String, CostRule> rules) {
    rules.put(
        "CausalConvWithState",
        CostRule.described(
            "MACs out x k; + out for a bias, + 5 x out for silu",
            LinearAttentionCosts::causalConvolution));
    rules.put(
        "LinearAttention",
        CostRule.described(
            "MACs per token Dk Dv x (Hq + Hkv, + Hkv for delta rules); + scale out, + Hkv Dk Dv and"
                + " one exp per decay for gates, + 2 Hkv Dv for delta rules",
            LinearAttentionCosts::linearAttention));
  }

  private static Work causalConvolution(Operands in) {
    long out = in.output(0).elements();
    boolean isActivated = !in.attributes().text("activation", "none").equals("none");
    return new Work(
        Sizes.multiply(out, in.shape(1).dim(2)),
        Sizes.multiply(out, (in.has(2) ? 1 : 0) + (isActivated ? 5 : 0)));
  }

  /**
   * Each token adds one outer product to the state of each key head, and multiplies the state with
   * the query of each query head; delta rules first multiply it with the key.
   */
  private static Work linearAttention(Operands in) {
    Shape query = in.shape(0);
    Shape state = in.output(1).shape();
    String rule = in.attributes().text("update_rule", "gated_delta");
    boolean isGated = rule.startsWith("gated");
    boolean isDelta = rule.endsWith("delta");
    long tokens = Sizes.multiply(query.dim(0), query.dim(1));
    long keyHeads = state.dim(1);
    long products = in.attributes().integer("q_num_heads") + keyHeads * (isDelta ? 2 : 1);
    long matrix = Sizes.multiply(state.dim(2), state.dim(3));
    long others = in.output(0).elements();
    if (isGated) {
      others = Sizes.add(others, Sizes.product(tokens, keyHeads, matrix));
      others = Sizes.add(others, in.has(4) ? in.type(4).elements() : 0);
    }
    if (isDelta) {
      others = Sizes.add(others, Sizes.product(2, tokens, keyHeads, state.dim(3)));
    }
    return new Work(Sizes.product(tokens, products, matrix), others);
  }
}
