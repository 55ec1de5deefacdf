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

/** Attention and rotary position embedding, as ONNX defines them since opset 23. */
final class AttentionKernels {
  private static final Expression HIDDEN = number(Double.NEGATIVE_INFINITY);

  private AttentionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Attention", AttentionKernels::attention);
    rules.put("RotaryEmbedding", AttentionKernels::rotary);
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
    Optional<Expression> mask = mask(in, heads);
    Expression scores = k; // an output that nothing reads
    Expression y;
    if (in.attributes().number("softcap", 0) == 0 && !in.hasOutput(3)) {
      y = FusedProducts.attention(q, k, v, mask.orElse(NONE), scale);
    } else {
      List<Expression> steps = scores(q, k, scale, in.attributes().number("softcap", 0), mask);
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
    return in.has(past) ? call("cat", list(input(past), now), 2) : now;
  }

  /** Keys or values once for each head of queries that they serve. */
  static Expression repeated(Expression keys, AttentionSizes sizes) {
    long group = sizes.heads() / sizes.keyHeads();
    return group > 1 ? call("repeat_interleave", keys, group, 1) : keys;
  }

  /** The scores after each step: product, softcap, mask, softmax. */
  static List<Expression> scores(
      Expression q, Expression k, float scale, float cap, Optional<Expression> mask) {
    Expression product = call("mul", call("matmul", q, call("transpose", k, 2, 3)), scale);
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
    return masks.stream().reduce((a, b) -> call("add", a, b));
  }

  /** The number of keys of each batch that count. */
  private static Expression lengths() {
    return LayoutKernels.alongAxis(input(6), 4, 0);
  }

  /** Zeros, and minus infinity where {@code hidden} is true. */
  static Expression hiding(Expression hidden) {
    Expression zeros = call("zeros_like", hidden, dtype(TorchTypes.FLOAT));
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
    Expression rotated = rotated(x, cosine, sine, width, turned, interleaved);
    return Kernel.of(
        packed ? LayoutKernels.joinedHeads(rotated, shape.dim(0), shape.dim(1)) : rotated);
  }

  /**
   * Rotates the first {@code turned} elements of each head of {@code width}.
   *
   * @param x batch x heads x tokens x width
   * @param cosine and {@code sine}: one for each token and pair
   */
  static Expression rotated(
      Expression x,
      Expression cosine,
      Expression sine,
      long width,
      long turned,
      boolean interleaved) {
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
    return turned < width
        ? call("cat", list(rotated, call("narrow", x, 3, turned, width - turned)), 3)
        : rotated;
  }

  /** Cosines or sines, of the positions if they are given, for all heads alike. */
  private static Expression angles(Operands in, int index, long width) {
    Expression rows = input(index);
    if (in.has(3)) {
      Shape positions = in.shape(3);
      rows = ofPositions(rows, input(3), positions.dim(0), positions.dim(1), width);
    }
    return call("unsqueeze", rows, 1);
  }

  /** Rows of a table of cosines or sines: batch x tokens x width. */
  static Expression ofPositions(
      Expression table, Expression positions, long batch, long tokens, long width) {
    return LayoutKernels.reshaped(
        call("index_select", table, 0, LayoutKernels.reshaped(positions, -1)),
        batch,
        tokens,
        width);
  }
}
