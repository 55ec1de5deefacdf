package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.SoftmaxWork;
import dev.flopmeter.run.cudnn.plan.View;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Attention as products, a kernel for cap and masks, and cuDNN's softmax; rotary embeddings.
 *
 * <p>Heads of queries that share keys are an axis of their own, over which the keys are repeated
 * with a stride of 0.
 */
final class AttentionSteps {
  private static final int PAST_KEYS = 4;
  private static final int PAST_VALUES = 5;
  private static final int LENGTHS = 6;

  // What the fourth output shows: the attribute qk_matmul_output_mode.
  private static final int AFTER_CAP = 1;
  private static final int AFTER_MASK = 2;
  private static final int AFTER_SOFTMAX = 3;

  private AttentionSteps() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Attention", AttentionSteps::attention);
    operators.put("RotaryEmbedding", AttentionSteps::rotary);
  }

  /** The nodes of an attention as one step. */
  static void fused(NodePlan node, Fused.Attention rest) {
    View q = node.draft().formatted(rest.queries(), Format.PLAIN);
    View keys = keys(node, rest.turnedKeys());
    View values = node.draft().formatted(rest.values(), Format.PLAIN);
    List<View> reads = new ArrayList<>(List.of(q, keys, values));
    View added = null;
    if (rest.mask() != null) {
      added = node.draft().formatted(rest.mask(), Format.PLAIN);
      reads.add(added);
    }
    Shape shape = q.shape().with(3, keys.dim(3));
    View scores = node.scratch("scores", shape, q.storage());
    View shares = node.scratch("shares", shape, q.storage());
    View y = node.out(0);
    node.emit(
        reads,
        List.of(y, scores, shares),
        attention(q, keys, values, added, y, rest.scale(), scores, shares));
  }

  private static View keys(NodePlan node, @Nullable Node turned) {
    if (turned == null) {
      return node.in(1);
    }
    View source = node.draft().formatted(turned.inputs().get(0), Format.PLAIN);
    long[] order = turned.attributes().integers("perm", 3, 2, 1, 0);
    return source.permuted(
        Arrays.stream(order).mapToInt(axis -> source.shape().axis(axis)).toArray());
  }

  /** One work for cuDNN's fused attention, or else step by step over the scores and shares. */
  static AttentionWork attention(
      View q,
      View keys,
      View values,
      @Nullable View added,
      View y,
      double scale,
      View scores,
      View shares) {
    List<Work> apart = new ArrayList<>();
    apart.add(Products.work(q, keys, scores, scale));
    if (added != null) {
      apart.add(Binary.work(Binary.Kind.ADD, scores, added, scores));
    }
    long rows = scores.elements() / Math.max(1, scores.dim(3));
    apart.add(new SoftmaxWork(scores, shares, rows, scores.dim(3), 1, false));
    apart.add(Products.work(shares, values, y, 1));
    return new AttentionWork(q, keys, values, added, y, scale, apart);
  }

  /** (batch, tokens, heads x width) as (batch, heads, tokens, width). */
  static View headed(View view, long heads) {
    if (view.rank() == 4) {
      return view;
    }
    long width = view.dim(2) / heads;
    return view.as(
        Shape.of(view.dim(0), heads, view.dim(1), width),
        view.stride(0),
        width * view.stride(2),
        view.stride(1),
        view.stride(2));
  }

  private static void attention(NodePlan node) {
    boolean isPacked = node.shape(0).rank() == 3;
    long queryHeads = isPacked ? node.attributes().integer("q_num_heads") : node.shape(0).dim(1);
    long keyHeads = isPacked ? node.attributes().integer("kv_num_heads") : node.shape(1).dim(1);
    View q = headed(node.plain(0), queryHeads);
    List<View> reads = new ArrayList<>(List.of(q));
    List<View> writes = new ArrayList<>();
    List<Work> works = new ArrayList<>();
    View k = present(node, 1, PAST_KEYS, keyHeads, reads, writes, works);
    View v = present(node, 2, PAST_VALUES, keyHeads, reads, writes, works);
    long batch = q.dim(0);
    long queries = q.dim(2);
    long keys = k.dim(2);
    long width = q.dim(3);
    long group = queryHeads / keyHeads;
    Shape scoreShape = Shape.of(batch, keyHeads, group, queries, keys);
    View scores = node.scratch("scores", scoreShape, q.storage());
    View weights = node.scratch("weights", scoreShape, q.storage());
    writes.add(scores);
    writes.add(weights);
    double scale = node.attributes().number("scale", (float) (1 / Math.sqrt((double) width)));
    View grouped =
        q.as(
            Shape.of(batch, keyHeads, group, queries, width),
            q.stride(0),
            group * q.stride(1),
            q.stride(1),
            q.stride(2),
            q.stride(3));
    int before = works.size();
    works.add(Products.work(grouped, repeated(k).permuted(0, 1, 2, 4, 3), scores, scale));
    boolean showsScores = node.node().outputs().size() > 3 && node.hasOutput(3);
    int shown = showsScores ? (int) node.attributes().integer("qk_matmul_output_mode", 0) : -1;
    View scoresOut = showsScores ? node.out(3) : null;
    if (scoresOut != null) {
      writes.add(scoresOut);
    }
    show(shown == 0, scores, scoresOut, works);
    double cap = node.attributes().number("softcap", 0);
    if (shown == AFTER_CAP && cap != 0) {
      works.add(masked(node, scores, queryHeads, cap, null, null, false));
      cap = 0;
    }
    show(shown == AFTER_CAP, scores, scoresOut, works);
    View mask = optional(node, 3, reads);
    View lengths = optional(node, LENGTHS, reads);
    boolean isCausal = node.attributes().flag("is_causal", false);
    if (lengths != null && isCausal) {
      throw node.unsupported("causal masking behind keys of varying number");
    }
    if (node.attributes().integer("left_window_size", -1) >= 0
        || node.attributes().integer("right_window_size", -1) >= 0) {
      throw node.unsupported("a window of keys");
    }
    if (mask != null || lengths != null || cap != 0 || isCausal) {
      works.add(masked(node, scores, queryHeads, cap, mask, lengths, isCausal));
    }
    show(shown == AFTER_MASK, scores, scoresOut, works);
    works.add(new SoftmaxWork(scores, weights, batch * queryHeads * queries, keys, 1, false));
    show(shown == AFTER_SOFTMAX, weights, scoresOut, works);
    View y = node.out(0);
    writes.add(y);
    long valueWidth = v.dim(3);
    View result =
        isPacked
            ? node.scratch("result", Shape.of(batch, queryHeads, queries, valueWidth), y.storage())
            : y;
    View target = result.reshaped(Shape.of(batch, keyHeads, group, queries, valueWidth));
    works.add(Products.work(weights, repeated(v), target, 1));
    boolean isPlain =
        group == 1
            && !showsScores
            && cap == 0
            && lengths == null
            && !isCausal
            && (mask == null || (mask.storage().isFloat() && mask.dim(mask.rank() - 1) == keys));
    if (isPlain) {
      List<Work> apart = works.subList(before, works.size());
      AttentionWork whole =
          new AttentionWork(q, k.permuted(0, 1, 3, 2), v, mask, result, scale, apart);
      apart.clear();
      works.add(whole);
    }
    if (isPacked) {
      writes.add(result);
      works.add(Copies.copy(result, headed(y, queryHeads)));
    }
    node.emit(reads, writes, works);
  }

  private static void show(boolean isWanted, View from, @Nullable View to, List<Work> works) {
    if (isWanted && to != null) {
      works.add(Copies.copy(from, to.reshaped(from.shape())));
    }
  }

  private static @Nullable View optional(NodePlan node, int input, List<View> reads) {
    if (!node.has(input)) {
      return null;
    }
    View view = node.plain(input);
    reads.add(view);
    return view;
  }

  /** (batch, heads, tokens, width) with an axis of 1 for the heads that share it. */
  private static View repeated(View view) {
    return view.as(
        Shape.of(view.dim(0), view.dim(1), 1, view.dim(2), view.dim(3)),
        view.stride(0),
        view.stride(1),
        0,
        view.stride(2),
        view.stride(3));
  }

  /** Keys or values with those of the past in front, in the output for them where there is one. */
  private static View present(
      NodePlan node,
      int input,
      int past,
      long heads,
      List<View> reads,
      List<View> writes,
      List<Work> works) {
    View now = headed(node.plain(input), heads);
    reads.add(now);
    boolean isAsked = node.node().outputs().size() > input && node.hasOutput(input);
    if (!isAsked && !node.has(past)) {
      return now;
    }
    long before = node.has(past) ? node.shape(past).dim(2) : 0;
    Shape shape = now.shape().with(2, before + now.dim(2));
    View whole = isAsked ? node.out(input) : node.scratch("present" + input, shape, now.storage());
    writes.add(whole);
    if (node.has(past)) {
      View old = node.plain(past);
      reads.add(old);
      works.add(Copies.copy(old, whole.part(2, 0, before)));
    }
    works.add(Copies.copy(now, whole.part(2, before, now.dim(2))));
    return whole;
  }

  private static KernelWork masked(
      NodePlan node,
      View scores,
      long heads,
      double cap,
      @Nullable View mask,
      @Nullable View lengths,
      boolean isCausal) {
    long queries = scores.dim(3);
    long keys = scores.dim(4);
    long past = node.has(PAST_KEYS) ? node.shape(PAST_KEYS).dim(2) : 0;
    View wide = mask == null ? null : mask.ofRank(4);
    long[] strides = new long[4];
    for (int i = 0; wide != null && i < 4; i++) {
      strides[i] = wide.dim(i) == 1 && i < 3 ? 0 : wide.stride(i);
    }
    boolean isBoolean = mask != null && node.operands().type(3).type() == DataType.BOOL;
    return KernelWork.perElement(
        "attention_scores",
        scores.elements(),
        new Arguments()
            .pointer(scores)
            .pointerOrNull(mask)
            .pointerOrNull(lengths)
            .numbers(scores.elements(), queries, keys, heads)
            .numbers(strides)
            .numbers(wide == null ? keys : wide.dim(3), past)
            .integers(
                scores.storage().code(),
                mask == null ? scores.storage().code() : mask.storage().code(),
                isBoolean ? 1 : 0,
                isCausal ? 1 : 0)
            .real(cap)
            .integer(0));
  }

  private static void rotary(NodePlan node) {
    View x = node.plain(0);
    View cosine = node.plain(1);
    View sine = node.plain(2);
    List<View> reads = new ArrayList<>(List.of(x, cosine, sine));
    View positions = optional(node, 3, reads);
    View y = node.out(0);
    boolean isPacked = x.rank() == 3;
    long heads = isPacked ? node.attributes().integer("num_heads") : x.dim(1);
    View headed = headed(x, heads);
    long width = headed.dim(3);
    long rotated = node.attributes().integer("rotary_embedding_dim", 0);
    node.emit(
        reads,
        List.of(y),
        KernelWork.perElement(
            "rotate",
            x.elements(),
            new Arguments()
                .pointer(x)
                .pointer(y)
                .pointer(cosine)
                .pointer(sine)
                .pointerOrNull(positions)
                .numbers(x.elements())
                .numbers(headed.stride(0), headed.stride(2), headed.stride(1))
                .numbers(headed.dim(2), heads, width)
                .integer(rotated == 0 ? width : rotated)
                .integer(node.attributes().integer("interleaved", 0))
                .integers(x.storage().code(), 0)));
  }
}
