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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Attention and rotary position embedding, as ONNX defines them since opset 23. */
final class AttentionKernels {
  private static final Expression HIDDEN = number(Double.NEGATIVE_INFINITY);

  private AttentionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Attention", AttentionKernels::attention);
    rules.put("RotaryEmbedding", AttentionKernels::rotary);
  }

  /** Sizes of one call, the same for packed (rank 3) and split (rank 4) heads. */
  private record Heads(long batch, long queries, long keyHeads, long queryHeads, long present) {
    static Heads of(Operands in) {
      Shape q = in.shape(0);
      Shape k = in.shape(1);
      boolean packed = q.rank() == 3;
      long past = in.has(4) ? in.shape(4).dim(2) : 0;
      return new Heads(
          q.dim(0),
          q.dim(packed ? 1 : 2),
          packed ? in.attributes().integer("kv_num_heads") : k.dim(1),
          packed ? in.attributes().integer("q_num_heads") : q.dim(1),
          past + k.dim(packed ? 1 : 2));
    }
  }

  /** Scores, softcap, mask, softmax, values: in this order. */
  private static Kernel attention(Operands in) {
    Heads heads = Heads.of(in);
    boolean packed = in.shape(0).rank() == 3;
    Expression q = split(input(0), in.shape(0), heads.queryHeads());
    Expression presentKeys = withPast(in, 4, split(input(1), in.shape(1), heads.keyHeads()));
    Expression presentValues = withPast(in, 5, split(input(2), in.shape(2), heads.keyHeads()));
    long group = heads.queryHeads() / heads.keyHeads();
    Expression k = repeated(presentKeys, group);
    Expression v = repeated(presentValues, group);
    long width = in.shape(0).dim(-1) / (packed ? heads.queryHeads() : 1);
    float scale = in.attributes().number("scale", (float) (1 / Math.sqrt((double) width)));
    Optional<Expression> mask = mask(in, heads);
    Expression scores = k; // an output that nothing reads
    Expression y;
    if (in.attributes().number("softcap", 0) == 0 && !in.hasOutput(3)) {
      y = FusedProducts.attention(q, k, v, mask.orElse(NONE), scale);
    } else {
      List<Expression> steps = scores(in, q, k, scale, mask);
      scores = steps.get((int) in.attributes().integer("qk_matmul_output_mode", 0));
      y = call("matmul", steps.get(3), v);
    }
    if (packed) {
      y = LayoutKernels.joinedHeads(y, heads.batch(), heads.queries());
    }
    Kernel kernel =
        in.outputCount() == 1 ? Kernel.of(y) : Kernel.of(y, presentKeys, presentValues, scores);
    return kernel.reportedAs("scaled_dot_product_attention");
  }

  private static Expression withPast(Operands in, int past, Expression now) {
    return in.has(4) ? call("cat", list(input(past), now), 2) : now;
  }

  private static Expression repeated(Expression keys, long group) {
    return group > 1 ? call("repeat_interleave", keys, group, 1) : keys;
  }

  /** The scores after each step: product, softcap, mask, softmax. */
  private static List<Expression> scores(
      Operands in, Expression q, Expression k, float scale, Optional<Expression> mask) {
    Expression product = call("mul", call("matmul", q, call("transpose", k, 2, 3)), scale);
    float cap = in.attributes().number("softcap", 0);
    Expression capped =
        cap == 0 ? product : call("mul", call("tanh", call("div", product, cap)), cap);
    if (mask.isEmpty()) {
      return List.of(product, capped, capped, call("softmax", capped, -1));
    }
    Expression masked = call("add", capped, mask.get());
    // A query that sees no key gets zeros, not NaN.
    Expression isBlind = call("all", call("eq", masked, HIDDEN), -1, true);
    Expression shares = call("masked_fill", call("softmax", masked, -1), isBlind, 0.0);
    return List.of(product, capped, masked, shares);
  }

  /** The sum of all masks. */
  private static Optional<Expression> mask(Operands in, Heads heads) {
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
    return masks.stream().reduce((a, b) -> call("add", a, b));
  }

  /** The number of keys of each batch that count. */
  private static Expression lengths() {
    return LayoutKernels.alongAxis(input(6), 4, 0);
  }

  /** Zeros, and minus infinity where {@code hidden} is true. */
  private static Expression hiding(Expression hidden) {
    Expression zeros = call("zeros_like", hidden, dtype(TorchTypes.FLOAT));
    return call("masked_fill", zeros, hidden, HIDDEN);
  }

  /**
   * Which keys are too far before or behind a query; empty if all are near enough. A query stands
   * behind the keys of the past, or at the end of those that count.
   */
  private static Optional<Expression> distance(Operands in, Heads heads) {
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
            ? call("sub", lengths(), heads.queries())
            : (Object) (in.has(4) ? in.shape(4).dim(2) : 0L);
    Expression query = LayoutKernels.reshaped(call("arange", heads.queries()), -1, 1);
    Expression ahead = call("sub", call("arange", heads.present()), call("add", query, first));
    Expression late = call("gt", ahead, behind);
    Expression early = call("lt", ahead, -before);
    return Optional.of(before < 0 ? late : behind < 0 ? early : call("logical_or", late, early));
  }

  private static Expression split(Expression value, Shape shape, long heads) {
    return shape.rank() == 4 ? value : LayoutKernels.heads(value, shape, heads);
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
    Expression head = call("narrow", x, 3, 0, turned);
    Expression a =
        interleaved ? call("slice", head, 3, 0, turned, 2) : call("narrow", head, 3, 0, turned / 2);
    Expression b =
        interleaved
            ? call("slice", head, 3, 1, turned, 2)
            : call("narrow", head, 3, turned / 2, turned / 2);
    Expression u = call("sub", call("mul", cosine, a), call("mul", sine, b));
    Expression w = call("add", call("mul", sine, a), call("mul", cosine, b));
    Expression rotated =
        interleaved
            ? call("flatten", call("stack", list(u, w), 4), 3, 4)
            : call("cat", list(u, w), 3);
    if (turned < width) {
      rotated = call("cat", list(rotated, call("narrow", x, 3, turned, width - turned)), 3);
    }
    return Kernel.of(
        packed ? LayoutKernels.joinedHeads(rotated, shape.dim(0), shape.dim(1)) : rotated);
  }

  /** Cosines or sines, of the positions if they are given, for all heads alike. */
  private static Expression angles(Operands in, int index, long width) {
    Expression rows = input(index);
    if (in.has(3)) {
      Shape positions = in.shape(3);
      rows =
          LayoutKernels.reshaped(
              call("index_select", rows, 0, LayoutKernels.reshaped(input(3), -1)),
              positions.dim(0),
              positions.dim(1),
              width);
    }
    return call("unsqueeze", rows, 1);
  }
}
