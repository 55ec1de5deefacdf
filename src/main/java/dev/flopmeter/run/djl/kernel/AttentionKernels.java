package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.number;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.AttentionSizes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Attention and rotary position embedding, as ONNX defines them since opset 23, and the layers of
 * opset 27 that carry a state of constant size through a sequence.
 */
final class AttentionKernels {
  private static final Expression HIDDEN = number(Double.NEGATIVE_INFINITY);

  private AttentionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Attention", AttentionKernels::attention);
    rules.put("RotaryEmbedding", AttentionKernels::rotary);
    rules.put("LinearAttention", AttentionKernels::linearAttention);
  }

  /** Scores, softcap, mask, softmax, values: in this order. */
  private static Kernel attention(Operands in) {
    AttentionSizes heads = AttentionSizes.of(in);
    boolean packed = in.shape(0).rank() == 3;
    Expression q = split(input(0), in.shape(0), heads.heads());
    Expression presentKeys = withPast(in, 4, split(input(1), in.shape(1), heads.keyHeads()));
    Expression presentValues = withPast(in, 5, split(input(2), in.shape(2), heads.keyHeads()));
    Expression k = repeated(presentKeys, heads);
    Expression v = repeated(presentValues, heads);
    float scale = in.attributes().number("scale", (float) (1 / Math.sqrt((double) heads.depth())));
    float cap = in.attributes().number("softcap", 0);
    Expression mask = mask(in, heads).orElse(NONE);
    Expression y =
        cap == 0
            ? FusedKernels.attention(q, k, v, mask, scale)
            : shares(q, k, scale, cap, mask).product(v);
    if (packed) {
      y = joinedHeads(y, heads.batch(), heads.queries());
    }
    Kernel kernel = in.outputCount() == 1 ? Kernel.of(y) : Kernel.of(y, presentKeys, presentValues);
    return kernel.reportedAs("scaled_dot_product_attention");
  }

  private static Expression withPast(Operands in, int past, Expression now) {
    return in.has(past) ? call("cat", list(input(past), now), 2) : now;
  }

  /** Keys or values once for each head of queries that they serve. */
  private static Expression repeated(Expression keys, AttentionSizes sizes) {
    long group = sizes.heads() / sizes.keyHeads();
    return group > 1 ? call("repeat_interleave", keys, group, 1) : keys;
  }

  /** The softmax of scores whose magnitude is capped. */
  private static Expression shares(
      Expression q, Expression k, float scale, float cap, Expression mask) {
    Expression product = q.product(k.transposed(2, 3)).times(scale);
    Expression capped = call("tanh", product.over(cap)).times(cap);
    if (mask.equals(NONE)) {
      return call("softmax", capped, -1);
    }
    Expression masked = capped.plus(mask);
    // A query that sees no key gets zeros, not NaN.
    Expression isBlind = call("all", call("eq", masked, HIDDEN), -1, true);
    return call("masked_fill", call("softmax", masked, -1), isBlind, 0.0);
  }

  /** The sum of all masks. */
  private static Optional<Expression> mask(Operands in, AttentionSizes heads) {
    List<Expression> masks = new ArrayList<>();
    if (in.has(3)) {
      long missing = heads.present() - in.shape(3).dim(-1);
      Expression given =
          in.type(3).type() == DataType.BOOL ? hiding(call("logical_not", input(3))) : input(3);
      masks.add(
          missing > 0 ? call("constant_pad_nd", given, new long[] {0, missing}, HIDDEN) : given);
    }
    distance(in, heads).ifPresent(far -> masks.add(hiding(far)));
    if (in.has(6)) {
      masks.add(hiding(call("ge", call("arange", heads.present()), lengths())));
    }
    return masks.stream().reduce((a, b) -> a.plus(b));
  }

  /** The number of keys of each batch that count. */
  private static Expression lengths() {
    return input(6).alongAxis(4, 0);
  }

  /** Zeros, and minus infinity where {@code hidden} is true. */
  private static Expression hiding(Expression hidden) {
    Expression zeros = call("zeros_like", hidden, dtype(ScalarTypes.FLOAT));
    return call("masked_fill", zeros, hidden, HIDDEN);
  }

  /**
   * Which keys are outside of the window of a query; empty if none is. The position of a query is
   * counted after the keys of the past, or from the end of the valid keys.
   */
  private static Optional<Expression> distance(Operands in, AttentionSizes heads) {
    long before = in.attributes().integer("left_window_size", -1);
    long behind =
        in.attributes().flag("is_causal", false)
            ? 0
            : in.attributes().integer("right_window_size", -1);
    if (before < 0 && behind < 0) {
      return Optional.empty();
    }
    Object first =
        in.has(6)
            ? lengths().minus(heads.queries())
            : (Object) (in.has(4) ? in.shape(4).dim(2) : 0L);
    Expression query = call("arange", heads.queries()).reshaped(-1, 1);
    Expression ahead = call("arange", heads.present()).minus(query.plus(first));
    Expression late = call("gt", ahead, behind);
    Expression early = call("lt", ahead, -before);
    return Optional.of(before < 0 ? late : behind < 0 ? early : call("logical_or", late, early));
  }

  /** batch x tokens x (heads width) as batch x heads x tokens x width. */
  private static Expression heads(Expression value, Shape shape, long heads) {
    return value.reshaped(shape.dim(0), shape.dim(1), heads, -1).transposed(1, 2);
  }

  /** batch x heads x tokens x width as batch x tokens x (heads width). */
  private static Expression joinedHeads(Expression value, long batch, long tokens) {
    return value.transposed(1, 2).reshaped(batch, tokens, -1);
  }

  private static Expression split(Expression value, Shape shape, long heads) {
    return shape.rank() == 4 ? value : heads(value, shape, heads);
  }

  /** Rotates pairs of the first dimensions of each head: halves, or neighbours if interleaved. */
  private static Kernel rotary(Operands in) {
    Shape shape = in.shape(0);
    boolean packed = shape.rank() == 3;
    long heads = packed ? in.attributes().integer("num_heads") : shape.dim(1);
    long width = packed ? shape.dim(2) / heads : shape.dim(3);
    long asked = in.attributes().integer("rotary_embedding_dim", 0);
    long turned = asked == 0 ? width : asked;
    boolean interleaved = in.attributes().flag("interleaved", false);
    Expression x = split(input(0), shape, heads);
    Expression cosine = angles(in, 1, turned / 2);
    Expression sine = angles(in, 2, turned / 2);
    Expression rotated = rotated(x, cosine, sine, width, turned, interleaved);
    return Kernel.of(packed ? joinedHeads(rotated, shape.dim(0), shape.dim(1)) : rotated);
  }

  /**
   * Rotates the first {@code turned} elements of each head of {@code width}.
   *
   * @param x batch x heads x tokens x width
   * @param cosine and {@code sine}: one for each token and pair
   */
  private static Expression rotated(
      Expression x,
      Expression cosine,
      Expression sine,
      long width,
      long turned,
      boolean interleaved) {
    Expression head = x.narrow(3, 0, turned);
    Expression a =
        interleaved ? call("slice", head, 3, 0, turned, 2) : head.narrow(3, 0, turned / 2);
    Expression b =
        interleaved ? call("slice", head, 3, 1, turned, 2) : head.narrow(3, turned / 2, turned / 2);
    Expression u = cosine.times(a).minus(sine.times(b));
    Expression w = sine.times(a).plus(cosine.times(b));
    Expression rotated =
        interleaved
            ? call("flatten", call("stack", list(u, w), 4), 3, 4)
            : call("cat", list(u, w), 3);
    return turned < width
        ? call("cat", list(rotated, x.narrow(3, turned, width - turned)), 3)
        : rotated;
  }

  /** Cosines or sines, of the positions if they are given, for all heads alike. */
  private static Expression angles(Operands in, int index, long width) {
    Expression rows = input(index);
    if (in.has(3)) {
      Shape positions = in.shape(3);
      rows = ofPositions(rows, input(3), positions.dim(0), positions.dim(1), width);
    }
    return rows.unsqueezed(1);
  }

  /** Rows of a table of cosines or sines: batch x tokens x width. */
  private static Expression ofPositions(
      Expression table, Expression positions, long batch, long tokens, long width) {
    return call("index_select", table, 0, positions.reshaped(-1)).reshaped(batch, tokens, width);
  }

  /**
   * Step by step: the state (keys x values of each head) decays, takes the new pair in, corrected
   * by what it already holds for the key, and is read with the query.
   */
  private static Kernel linearAttention(Operands in) {
    long heads = in.attributes().integer("q_num_heads");
    long shared = in.attributes().integer("kv_num_heads");
    Shape query = in.shape(0);
    long width = query.dim(2) / heads;
    float asked = in.attributes().number("scale", 0);
    float scale = asked == 0 ? (float) (1 / Math.sqrt((double) width)) : asked;
    Expression q = heads(input(0), query, heads).times(scale);
    Expression k = heads(input(1), in.shape(1), shared);
    Expression v = heads(input(2), in.shape(2), shared);
    long[] state = {query.dim(0), shared, width, in.shape(2).dim(2) / shared};
    Expression start = in.has(3) ? input(3) : call("zeros", state, dtype(ScalarTypes.FLOAT));
    Loop loop =
        new Loop(
            query.dim(1),
            List.of(start),
            (t, states) -> {
              Expression key = k.select(2, t).unsqueezed(3);
              Expression next = updated(in, shared, states.get(0), key, row(v, t), t);
              Expression read = call("repeat_interleave", next, heads / shared, 1);
              Expression y = call("squeeze", row(q, t).product(read), 2);
              return new Loop.Trip(List.of(next), List.of(y));
            });
    return Kernel.of(
            call("stack", loop.rows(0), 1).reshaped(query.dim(0), query.dim(1), -1), loop.state(0))
        .reportedAs("matmul");
  }

  /** The state after a key (as a column) and a value (as a row). */
  private static Expression updated(
      Operands in, long heads, Expression before, Expression key, Expression value, Expression t) {
    Expression state = before;
    if (in.has(4)) {
      Expression decay = call("exp", heads(input(4), in.shape(4), heads));
      state = state.times(decay.select(2, t).unsqueezed(3));
    }
    Expression taken = value;
    if (in.has(5)) {
      Expression held = key.transposed(2, 3).product(state);
      Expression rate = heads(input(5), in.shape(5), in.shape(5).dim(2));
      taken = row(rate, t).times(value.minus(held));
    }
    return state.plus(key.product(taken));
  }

  /** Step {@code t} of each head as a row. */
  private static Expression row(Expression values, Expression t) {
    return values.select(2, t).unsqueezed(2);
  }
}
