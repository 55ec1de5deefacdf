package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import java.util.Map;

/**
 * The sizes of an attention: ONNX's own, or one of ONNX Runtime's (its ContribOperators.md).
 *
 * @param batch sequences
 * @param heads of queries
 * @param keyHeads of keys and values; each serves {@code heads / keyHeads} heads of queries
 * @param queries of each sequence
 * @param fresh keys of each sequence that are not from the past
 * @param total keys that a query is compared with, those of the past included
 * @param present keys in the outputs that hold them for the next step; at least {@code total}
 * @param depth of a query's and a key's head
 * @param valueDepth of a value's head
 */
public record AttentionSizes(
    long batch,
    long heads,
    long keyHeads,
    long queries,
    long fresh,
    long total,
    long present,
    long depth,
    long valueDepth) {

  /** Keys of the past. */
  public long past() {
    return total - fresh;
  }

  /** All sizes under the names that equations have for them. */
  public Map<String, Object> byName() {
    return Map.of(
        "batch", batch,
        "heads", heads,
        "key_heads", keyHeads,
        "queries", queries,
        "fresh", fresh,
        "total", total,
        "past", past(),
        "present", present,
        "depth", depth,
        "value_depth", valueDepth);
  }

  /** Scores: one for each head, query and key. */
  public long scores() {
    return Sizes.product(batch, heads, queries, total);
  }

  /**
   * Where an operator of ONNX Runtime that is given projected queries, keys and values takes its
   * other inputs; -1 for one that it does not have.
   *
   * @param mask which keys are shown
   * @param added to the scores
   * @param past keys, then values
   * @param pastLength how many keys of the past count, where their buffer is longer
   */
  public record Slots(int bias, int mask, int added, int past, int pastLength) {
    static final Slots MULTI_HEAD = new Slots(3, 4, 5, 6, 8);
    static final Slots DECODER = new Slots(10, 3, 4, 5, 7);
    static final Slots GROUPED = new Slots(-1, -1, 10, 3, -1);

    public static Slots of(Operands in) {
      return switch (in.node().op()) {
        case "DecoderMaskedMultiHeadAttention" -> DECODER;
        case "GroupQueryAttention" -> GROUPED;
        default -> MULTI_HEAD;
      };
    }
  }

  /**
   * The sizes of {@code in}'s node.
   *
   * @throws ModelException if its inputs and attributes do not fit
   */
  public static AttentionSizes of(Operands in) {
    return switch (in.node().qualifiedOp()) {
      case "com.microsoft:Attention" -> projected(in, 4);
      case "com.microsoft:QAttention" -> projected(in, 8);
      case "com.microsoft:GroupQueryAttention" -> grouped(in);
      case "com.microsoft:MultiHeadAttention", "com.microsoft:DecoderMaskedMultiHeadAttention" ->
          multiHead(in, Slots.of(in));
      case "com.microsoft:PackedMultiHeadAttention" -> packed(in);
      default -> standard(in);
    };
  }

  /** The tokens of all sequences, one after the other. */
  private static AttentionSizes packed(Operands in) {
    long tokens = in.shape(0).dim(0);
    long heads = positive(in, "num_heads");
    long width = in.output(0).shape().dim(1);
    long keyWidth = in.has(1) ? in.shape(0).dim(1) : width;
    return new AttentionSizes(
        1, heads, heads, tokens, tokens, tokens, tokens, keyWidth / heads, width / heads);
  }

  private static AttentionSizes standard(Operands in) {
    Shape q = in.shape(0);
    Shape k = in.shape(1);
    Shape v = in.shape(2);
    if (q.rank() != k.rank() || k.rank() != v.rank() || (q.rank() != 3 && q.rank() != 4)) {
      throw new ModelException(
          "queries " + q + ", keys " + k + " and values " + v + " need rank 3 or 4");
    }
    requireSame(k, v);
    boolean split = q.rank() == 4;
    long heads = split ? q.dim(1) : positive(in, "q_num_heads");
    long keyHeads = split ? k.dim(1) : positive(in, "kv_num_heads");
    long total = Sizes.add(k.dim(-2), in.has(4) ? in.shape(4).dim(2) : 0);
    return new AttentionSizes(
            q.dim(0),
            heads,
            keyHeads,
            q.dim(-2),
            k.dim(-2),
            total,
            total,
            split ? q.dim(3) : divided(q.dim(2), heads),
            split ? v.dim(3) : divided(v.dim(2), keyHeads))
        .checked(split ? k.dim(3) : divided(k.dim(2), keyHeads));
  }

  /** Input N x L x I; weights I x (Q + K + V), K as wide as Q. */
  private static AttentionSizes projected(Operands in, int past) {
    Shape x = in.shape(0);
    Shape weight = in.shape(1);
    if (x.rank() != 3 || weight.rank() != 2 || x.dim(2) != weight.dim(0)) {
      throw new ModelException("the input " + x + " does not fit the weights " + weight);
    }
    long third = weight.dim(1) / 3;
    long[] widths = in.attributes().integers("qkv_hidden_sizes", third, third, third);
    long heads = positive(in, "num_heads");
    if (widths.length != 3
        || Sizes.add(Sizes.add(widths[0], widths[1]), widths[2]) != weight.dim(1)) {
      throw new ModelException(
          "'qkv_hidden_sizes' must be 3 widths that add up to the weights' " + weight.dim(1));
    }
    long total = Sizes.add(x.dim(1), in.has(past) ? in.shape(past).dim(3) : 0);
    return new AttentionSizes(
            x.dim(0),
            heads,
            heads,
            x.dim(1),
            x.dim(1),
            total,
            total,
            divided(widths[0], heads),
            divided(widths[2], heads))
        .checked(divided(widths[1], heads));
  }

  /** Queries, keys and values apart, or two or three of them packed. */
  private static AttentionSizes multiHead(Operands in, Slots slots) {
    Shape q = in.shape(0);
    long heads = positive(in, "num_heads");
    if (!in.has(1)) {
      boolean isSplit = q.rank() == 5;
      if (isSplit ? q.dim(2) != heads || q.dim(3) != 3 : q.rank() != 3) {
        throw new ModelException(
            "packed queries, keys and values " + q + " need " + heads + " heads");
      }
      long depth = isSplit ? q.dim(4) : divided(q.dim(2), Sizes.multiply(3, heads));
      return withPast(in, slots, heads, q.dim(1), q.dim(1), depth, depth, depth);
    }
    Shape k = in.shape(1);
    if (q.rank() != 3 || k.rank() < 3 || k.rank() > 5 || (k.rank() == 5) == in.has(2)) {
      throw new ModelException("queries " + q + " and keys " + k + " do not fit its values");
    }
    long depth = divided(q.dim(2), heads);
    if (k.rank() == 5) {
      return withPast(in, slots, heads, q.dim(1), k.dim(1), depth, k.dim(4), k.dim(4));
    }
    Shape v = in.shape(2);
    requireSame(k, v);
    return k.rank() == 4
        ? withPast(in, slots, heads, q.dim(1), k.dim(2), depth, k.dim(3), v.dim(3))
        : withPast(
            in,
            slots,
            heads,
            q.dim(1),
            k.dim(1),
            depth,
            divided(k.dim(2), heads),
            divided(v.dim(2), heads));
  }

  private static AttentionSizes withPast(
      Operands in,
      Slots slots,
      long heads,
      long queries,
      long fresh,
      long depth,
      long keyDepth,
      long valueDepth) {
    boolean isShared = in.has(slots.past()) && in.has(slots.pastLength());
    long buffer = in.has(slots.past()) ? in.shape(slots.past()).dim(2) : 0;
    long total =
        isShared
            ? in.value(slots.pastLength()).map(value -> value.longAt(0) + fresh).orElse(buffer)
            : Sizes.add(buffer, fresh);
    if (isShared && total > buffer) {
      throw new ModelException(total + " keys do not fit the past's buffer of " + buffer);
    }
    return new AttentionSizes(
            in.shape(0).dim(0),
            heads,
            heads,
            queries,
            fresh,
            total,
            isShared ? buffer : total,
            depth,
            valueDepth)
        .checked(keyDepth);
  }

  /**
   * Keys and values of fewer heads; where the number of all keys is not constant, the past is taken
   * to be full.
   */
  private static AttentionSizes grouped(Operands in) {
    Shape q = in.shape(0);
    long heads = positive(in, "num_heads");
    long keyHeads = positive(in, "kv_num_heads");
    boolean isPacked = !in.has(1);
    if (q.rank() != 3 || isPacked == in.has(2)) {
      throw new ModelException(
          "queries " + q + " need rank 3, and both keys and values or neither");
    }
    long depth =
        divided(q.dim(2), isPacked ? Sizes.add(heads, Sizes.multiply(2, keyHeads)) : heads);
    long fresh = isPacked ? q.dim(1) : in.shape(1).dim(1);
    long buffer = in.has(3) ? in.shape(3).dim(2) : 0;
    long all = Sizes.add(buffer, fresh);
    long total =
        in.value(6).filter(value -> value.elements() == 1).map(v -> v.longAt(0)).orElse(all);
    if (total < fresh || total > all) {
      throw new ModelException(
          "'total_sequence_length' is " + total + ", not between " + fresh + " and " + all);
    }
    boolean isKnown = in.value(6).map(Tensor::isAvailable).orElse(false);
    long present = isKnown ? Math.max(total, buffer) : all;
    long keyDepth = isPacked ? depth : divided(in.shape(1).dim(2), keyHeads);
    long valueDepth = isPacked ? depth : divided(in.shape(2).dim(2), keyHeads);
    return new AttentionSizes(
            q.dim(0), heads, keyHeads, q.dim(1), fresh, total, present, depth, valueDepth)
        .checked(keyDepth);
  }

  private AttentionSizes checked(long keyDepth) {
    if (heads % Math.max(1, keyHeads) != 0) {
      throw new ModelException(
          "'num_heads' is " + heads + ", not a multiple of 'kv_num_heads', " + keyHeads);
    }
    if (depth != keyDepth) {
      throw new ModelException(
          "queries of depth " + depth + " and keys of depth " + keyDepth + " do not match");
    }
    return this;
  }

  private static void requireSame(Shape keys, Shape values) {
    if (!keys.with(keys.rank() - 1, 1).equals(values.with(values.rank() - 1, 1))) {
      throw new ModelException("keys " + keys + " and values " + values + " do not match");
    }
  }

  private static long positive(Operands in, String attribute) {
    long value = in.attributes().integer(attribute);
    if (value < 1) {
      throw new ModelException(
          "the attribute '" + attribute + "' is " + value + ", not at least 1");
    }
    return value;
  }

  private static long divided(long hidden, long heads) {
    if (hidden % heads != 0) {
      throw new ModelException(hidden + " values cannot be split into 'num_heads' = " + heads);
    }
    return hidden / heads;
  }
}
