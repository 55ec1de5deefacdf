package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.AttentionSizes;

/**
 * Attention, of ONNX and of ONNX Runtime, rotary embeddings, and layers that carry a state from
 * token to token (opset 27), counted as the recurrence.
 */
final class AttentionCosts {
  private static final String FORMULA =
      "MACs batch x heads x Lq x Lk x (D + Dv), Lk with the past; per score: scale 1, softmax 5,"
          + " mask 1, softcap 3";

  private AttentionCosts() {}

  static void addTo(CostTable table) {
    table.add("Attention", FORMULA, AttentionCosts::attention);
    table.add(
        "com.microsoft:Attention",
        "MACs of the projection and of both products; per score scale 1, softmax 5, mask 1; +"
            + " the projection's bias",
        AttentionCosts::projected);
    table.add(
        "com.microsoft:MultiHeadAttention com.microsoft:DecoderMaskedMultiHeadAttention",
        FORMULA + "; + the bias of queries, keys and values",
        AttentionCosts::multiHead);
    table.add(
        "com.microsoft:GroupQueryAttention",
        FORMULA
            + "; + 3 per rotated element of queries and keys, + 4 per normalised one; where"
            + " total_sequence_length is not constant the past is full",
        AttentionCosts::grouped);
    table.add(
        "com.microsoft:PackedMultiHeadAttention",
        "as MultiHeadAttention of each sequence's own length where cumulative_sequence_length"
            + " is constant, else of padded sequences",
        AttentionCosts::packed);
    table.add("RotaryEmbedding", ROTARY, AttentionCosts::rotary);
    table.add("com.microsoft:RotaryEmbedding", ROTARY, AttentionCosts::rotaryByCache);
    table.add(
        "CausalConvWithState",
        "MACs out x k; + out for a bias, + 5 x out for silu",
        AttentionCosts::causalConvolution);
    table.add(
        "LinearAttention",
        "MACs per token Dk Dv x (Hq + Hkv, + Hkv for delta rules); + scale out, + Hkv Dk Dv and"
            + " one exp per decay for gates, + 2 Hkv Dv for delta rules",
        AttentionCosts::linearAttention);
  }

  private static final String ROTARY = "3 per rotated element: two multiplies and an addition";

  private static Work attention(Operands in) {
    boolean masks =
        in.has(3)
            || in.has(6)
            || in.attributes().flag("is_causal", false)
            || in.attributes().integer("left_window_size", -1) >= 0
            || in.attributes().integer("right_window_size", -1) >= 0;
    return products(in, AttentionSizes.of(in), masks);
  }

  private static Work products(Operands in, AttentionSizes sizes, boolean masks) {
    boolean caps = in.attributes().number("softcap", 0) != 0;
    return new Work(
        Sizes.multiply(sizes.scores(), Sizes.add(sizes.depth(), sizes.valueDepth())),
        Sizes.multiply(sizes.scores(), 6 + (masks ? 1 : 0) + (caps ? 3 : 0)));
  }

  private static Work projected(Operands in) {
    boolean masks = in.has(3) || in.has(5) || in.attributes().flag("unidirectional", false);
    long projected =
        Sizes.multiply(in.shape(0).elements() / in.shape(0).dim(2), in.shape(1).dim(1));
    return products(in, AttentionSizes.of(in), masks)
        .plus(new Work(Sizes.multiply(projected, in.shape(0).dim(2)), in.has(2) ? projected : 0));
  }

  private static Work multiHead(Operands in) {
    AttentionSizes.Slots slots = AttentionSizes.Slots.of(in);
    AttentionSizes sizes = AttentionSizes.of(in);
    boolean masks =
        in.has(slots.mask())
            || in.has(slots.added())
            || in.attributes().flag("unidirectional", false);
    long rows = Sizes.multiply(sizes.batch(), sizes.heads());
    long biased =
        Sizes.add(
            Sizes.product(rows, sizes.queries(), sizes.depth()),
            Sizes.product(rows, sizes.fresh(), Sizes.add(sizes.depth(), sizes.valueDepth())));
    return products(in, sizes, masks).plus(Work.flops(in.has(slots.bias()) ? biased : 0));
  }

  private static Work grouped(Operands in) {
    AttentionSizes sizes = AttentionSizes.of(in);
    long rows =
        Sizes.multiply(
            sizes.batch(),
            Sizes.add(
                Sizes.multiply(sizes.heads(), sizes.queries()),
                Sizes.multiply(sizes.keyHeads(), sizes.fresh())));
    boolean rotates = in.attributes().flag("do_rotary", false) && in.has(7);
    long rotated = rotates ? Sizes.product(6, rows, in.shape(7).dim(1)) : 0;
    long normalised = in.has(14) ? Sizes.product(4, rows, sizes.depth()) : 0;
    boolean masks = in.attributes().flag("causal", true) || in.has(10);
    return products(in, sizes, masks).plus(Work.flops(Sizes.add(rotated, normalised)));
  }

  private static Work packed(Operands in) {
    Shape padded = in.shape(4);
    long heads = in.attributes().integer("num_heads");
    long pairs =
        in.value(5)
            .map(AttentionCosts::pairs)
            .orElseGet(() -> Sizes.product(padded.dim(0), padded.dim(1), padded.dim(1)));
    long width = in.output(0).shape().dim(1);
    boolean isApart = in.has(2);
    long keyWidth = isApart ? in.shape(0).dim(1) : width;
    long biased = Sizes.multiply(in.shape(0).dim(0), Sizes.add(Sizes.multiply(2, keyWidth), width));
    return new Work(
        Sizes.multiply(pairs, Sizes.add(keyWidth, width)),
        Sizes.add(Sizes.product(pairs, heads, in.has(6) ? 7 : 6), in.has(3) ? biased : 0));
  }

  /** Pairs of tokens in the same sequence. */
  private static long pairs(Tensor ends) {
    long pairs = 0;
    for (long i = 1; i < ends.elements(); i++) {
      long length = ends.longAt(i) - ends.longAt(i - 1);
      pairs = Sizes.add(pairs, Sizes.multiply(length, length));
    }
    return pairs;
  }

  private static Work rotary(Operands in) {
    Shape x = in.shape(0);
    long part = in.attributes().integer("rotary_embedding_dim", 0);
    long heads = x.rank() == 4 ? x.dim(1) : Math.max(1, in.attributes().integer("num_heads", 1));
    long depth = x.rank() == 4 ? x.dim(3) : x.dim(-1) / heads;
    return Work.flops(Sizes.multiply(3, rotated(x, depth, part)));
  }

  /** The head's width follows from the cached cosines, of which there is one for a pair. */
  private static Work rotaryByCache(Operands in) {
    Shape x = in.shape(0);
    long turned = 2 * in.shape(2).dim(1);
    long heads = in.attributes().integer("num_heads", 0);
    long depth = x.rank() == 4 ? x.dim(3) : heads > 0 ? x.dim(2) / heads : turned;
    return Work.flops(Sizes.multiply(3, rotated(x, depth, turned)));
  }

  private static long rotated(Shape x, long depth, long part) {
    long all = x.elements();
    return part == 0 || depth == 0 ? all : Sizes.multiply(all / depth, part);
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
