package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import java.util.Map;
import java.util.function.Consumer;

/** Attention and related operators of transformers. */
final class AttentionDrawings {
  private AttentionDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("SkipSimplifiedLayerNormalization", AttentionDrawings::skipRmsNorm);
    drawings.put("Attention", AttentionDrawings::attention);
    drawings.put("MultiHeadAttention", AttentionDrawings::multiHead);
    drawings.put("DecoderMaskedMultiHeadAttention", AttentionDrawings::decoder);
    drawings.put("GroupQueryAttention", AttentionDrawings::grouped);
    drawings.put("RotaryEmbedding", AttentionDrawings::rotary);
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

  /** Cross and self attention, with and without past; ONNX Runtime runs packed forms on no CPU. */
  private static void multiHead(SweptNode node) {
    long batch = node.between(1, 3);
    long tokens = node.between(1, 5);
    long heads = node.between(1, 3);
    long depth = node.between(1, 6);
    long hidden = heads * depth;
    boolean hasPast = node.chance();
    boolean isCross = !hasPast && node.chance();
    long fresh = hasPast ? tokens : node.between(1, 6);
    long past = hasPast ? node.between(0, 4) : 0;
    long valueDepth = hasPast || isCross ? depth : node.between(1, 6);
    long keys = fresh + past;
    node.with("num_heads", heads).fed(node.floats(batch, tokens, hidden));
    if (isCross) {
      node.fed(node.floats(batch, heads, fresh, depth))
          .fed(node.floats(batch, heads, fresh, depth));
      node.nothing();
    } else {
      node.fed(node.floats(batch, fresh, hidden));
      node.fed(node.floats(batch, fresh, heads * valueDepth));
      if (node.chance()) {
        node.either(node.floats(2 * hidden + heads * valueDepth));
      } else {
        node.nothing();
      }
    }
    switch ((int) node.between(0, 3)) {
      case 0 -> node.nothing();
      case 1 -> node.fed(node.values(DataType.INT32, 0, 2, batch, keys));
      case 2 -> node.fed(node.values(DataType.INT32, 0, 2, batch, tokens, keys));
      default -> node.fed(node.values(DataType.INT32, 1, keys + 1, batch));
    }
    if (node.chance()) {
      node.fed(node.floats(node.oneOf(1L, batch), node.oneOf(1L, heads), tokens, keys));
    } else {
      node.nothing();
    }
    if (hasPast) {
      node.fed(node.floats(batch, heads, past, depth)).fed(node.floats(batch, heads, past, depth));
      node.outputs(0, 1, 2);
    }
    if (node.chance()) {
      node.with("unidirectional", 1);
    }
    if (node.chance()) {
      node.with("scale", node.real(0.1, 1));
    }
  }

  /**
   * One token of each sequence, on a past in a separate buffer or in one shared with the present.
   */
  private static void decoder(SweptNode node) {
    long batch = node.between(1, 3);
    long heads = node.between(1, 3);
    long depth = 8 * node.between(1, 2);
    long hidden = heads * depth;
    long past = node.between(1, 4);
    long buffer = past + node.between(1, 3);
    node.with("num_heads", heads).with("past_present_share_buffer", 1);
    node.fed(node.floats(batch, 1, hidden)).fed(node.floats(batch, 1, hidden));
    node.fed(node.floats(batch, 1, hidden));
    if (node.chance()) {
      node.fed(node.values(DataType.INT32, 0, 2, batch, past + 1));
    } else {
      node.nothing();
    }
    node.nothing();
    node.fed(node.floats(batch, heads, buffer, depth));
    node.fed(node.floats(batch, heads, buffer, depth));
    node.stored(SweptNode.ints(DataType.INT32, Shape.of(1), past)).nothing().nothing();
    if (node.chance()) {
      node.either(node.floats(3 * hidden));
    }
    node.outputs(0, 1, 2);
  }

  /** Prompts, steps and chunks; packed, rotated, windowed, capped, with a bias and a sink. */
  private static void grouped(SweptNode node) {
    boolean isPrompt = node.chance();
    boolean isChunk = !isPrompt && node.chance();
    long batch = isChunk ? 1 : node.between(1, 3);
    long tokens = isPrompt || isChunk ? node.between(2, 6) : 1;
    long past = isPrompt ? 0 : node.between(1, 5);
    long keyHeads = node.between(1, 2);
    long heads = keyHeads * node.between(1, 3);
    long depth = 16 * node.between(1, 2);
    long total = past + tokens;
    boolean isPacked = node.chance();
    node.with("num_heads", heads).with("kv_num_heads", keyHeads);
    if (isPacked) {
      node.fed(node.floats(batch, tokens, (heads + 2 * keyHeads) * depth)).nothing().nothing();
    } else {
      node.fed(node.floats(batch, tokens, heads * depth));
      node.fed(node.floats(batch, tokens, keyHeads * depth));
      node.fed(node.floats(batch, tokens, keyHeads * depth));
    }
    node.fed(node.floats(batch, keyHeads, past, depth));
    node.fed(node.floats(batch, keyHeads, past, depth));
    long least = isPrompt || isChunk ? total - 1 : node.between(0, total - 1);
    long[] lengths = new long[(int) batch];
    for (int i = 0; i < batch; i++) {
      lengths[i] = i == 0 ? total - 1 : node.between(least, total - 1);
    }
    node.fed(SweptNode.ints(DataType.INT32, Shape.of(batch), lengths));
    node.either(SweptNode.ints(DataType.INT32, Shape.of(1), total));
    if (node.chance()) {
      long half = node.oneOf(8L, depth / 2);
      node.with("do_rotary", 1).with("rotary_interleaved", node.between(0, 1));
      node.either(node.floats(16, half)).either(node.floats(16, half));
    } else {
      node.nothing().nothing();
    }
    node.nothing();
    if (node.chance()) {
      node.fed(node.floats(node.oneOf(1L, batch), node.oneOf(1L, heads), tokens, total));
    } else {
      node.nothing();
    }
    if (node.chance()) {
      node.either(node.floats(heads));
    }
    if (node.chance()) {
      node.with("local_window_size", node.between(1, 4));
    }
    if (node.chance()) {
      node.with("smooth_softmax", node.between(-1, 1)); // ONNX Runtime's optimiser writes -1
    }
    if (node.chance()) {
      node.with("softcap", node.real(0.5, 3));
    }
    if (node.chance()) {
      node.with("scale", node.real(0.1, 1));
    }
    node.outputs(0, 1, 2);
  }

  private static void rotary(SweptNode node) {
    long batch = node.between(1, 3);
    long tokens = node.between(1, 5);
    long heads = node.between(1, 3);
    long depth = 2 * node.between(1, 8);
    boolean isPart = depth > 2 && node.chance();
    long turned = isPart ? 2 * node.between(1, depth / 2 - 1) : depth;
    if (isPart) {
      node.with("rotary_embedding_dim", turned).with("num_heads", heads);
    }
    boolean isSplit = node.chance();
    node.fed(
        isSplit
            ? node.floats(batch, heads, tokens, depth)
            : node.floats(batch, tokens, heads * depth));
    node.fed(
        node.chance()
            ? node.values(DataType.INT64, 0, 12, batch, tokens)
            : node.values(DataType.INT64, 0, 12 - tokens, 1));
    node.either(node.floats(12, turned / 2)).either(node.floats(12, turned / 2));
    node.with("interleaved", node.between(0, 1));
  }
}
