package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import java.util.Map;
import java.util.function.Consumer;

/** Attention and what stands around it in transformers. */
final class AttentionDrawings {
  private AttentionDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("SkipSimplifiedLayerNormalization", AttentionDrawings::skipRmsNorm);
    drawings.put("Attention", AttentionDrawings::attention);
  }

  private static void skipRmsNorm(SweptNode node) {
    long batch = node.between(1, 3);
    long tokens = node.between(1, 5);
    long width = node.between(1, 12);
    node.fed(node.floats(batch, tokens, width));
    node.fed(node.floats(batch, tokens, width)).either(node.floats(width));
    if (node.chance()) {
      node.either(node.floats(width));
    }
    node.with("epsilon", node.oneOf(1e-6f, 1e-3f))
        .outputs(node.oneOf(new int[] {0}, new int[] {0, 3}));
  }

  /** Merged projection, masks of every form, past and present. */
  private static void attention(SweptNode node) {
    long batch = node.between(1, 3);
    long tokens = node.between(1, 5);
    long heads = node.between(1, 3);
    long depth = node.between(1, 6);
    long width = node.between(1, 7);
    long hidden = heads * depth;
    boolean hasPast = node.chance();
    long past = hasPast ? node.between(0, 3) : 0;
    long keys = tokens + past;
    node.with("num_heads", heads).fed(node.floats(batch, tokens, width));
    node.either(node.floats(width, 3 * hidden)).either(node.floats(3 * hidden));
    switch ((int) node.between(0, 3)) {
      case 0 -> node.nothing();
      case 1 -> node.fed(node.values(DataType.INT32, 0, 2, batch, keys));
      case 2 -> node.fed(node.values(DataType.INT32, 0, 2, batch, tokens, keys));
      default -> node.fed(node.values(DataType.INT32, 1, keys + 1, batch));
    }
    if (hasPast) {
      node.fed(node.floats(2, batch, heads, past, depth)).outputs(0, 1);
    } else {
      node.nothing();
    }
    if (!hasPast && node.chance()) {
      node.fed(node.floats(node.oneOf(1L, batch), node.oneOf(1L, heads), tokens, keys));
    }
    if (node.chance()) {
      node.with("unidirectional", 1);
    }
    if (node.chance()) {
      node.with("scale", node.real(0.1, 1));
    }
  }
}
