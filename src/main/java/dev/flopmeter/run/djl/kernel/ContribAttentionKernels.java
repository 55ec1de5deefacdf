package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.AttentionSizes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** ONNX Runtime's attention, as its ContribOperators.md describes it. */
final class ContribAttentionKernels {
  private static final String DOMAIN = "com.microsoft:";
  private static final String REPORTED = "scaled_dot_product_attention";

  private ContribAttentionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put(DOMAIN + "Attention", ContribAttentionKernels::projected);
    rules.put(DOMAIN + "MultiHeadAttention", ContribAttentionKernels::multiHead);
    rules.put(DOMAIN + "DecoderMaskedMultiHeadAttention", ContribAttentionKernels::multiHead);
    rules.put(DOMAIN + "GroupQueryAttention", ContribAttentionKernels::grouped);
    rules.put(DOMAIN + "PackedMultiHeadAttention", ContribAttentionKernels::packed);
    rules.put(DOMAIN + "RotaryEmbedding", ContribAttentionKernels::rotary);
  }

  /**
   * One product gives queries, keys and values; a mask of lengths or of tokens hides keys. The past
   * and the present are keys, then values.
   */
  private static Kernel projected(Operands in) {
    AttentionSizes sizes = AttentionSizes.of(in);
    Shape shape = in.shape(0);
    long width = sizes.heads() * sizes.depth();
    Expression product = call("matmul", input(0), input(1));
    Expression all = in.has(2) ? call("add", product, input(2)) : product;
    long[] widths = {width, width, sizes.heads() * sizes.valueDepth()};
    List<Expression> split =
        parts(3, call("split_with_sizes", all, widths, 2)).stream()
            .map(each -> LayoutKernels.heads(each, shape, sizes.heads()))
            .toList();
    Expression keys = behind(in.has(4) ? call("select", input(4), 0, 0) : NONE, split.get(1));
    Expression values = behind(in.has(4) ? call("select", input(4), 0, 1) : NONE, split.get(2));
    Expression y =
        FusedProducts.attention(
            split.get(0), keys, values, mask(in, sizes, 3, 5).orElse(NONE), scale(in, sizes));
    Expression joined = joined(y, sizes);
    Kernel kernel =
        in.hasOutput(1) ? Kernel.of(joined, call("stack", list(keys, values))) : Kernel.of(joined);
    return kernel.reportedAs("scaled_dot_product_attention");
  }

  private static Expression joined(Expression y, AttentionSizes sizes) {
    return LayoutKernels.joinedHeads(y, sizes.batch(), sizes.queries());
  }

  private static float scale(Operands in, AttentionSizes sizes) {
    float asked = in.attributes().number("scale", 0);
    return asked == 0 ? (float) (1 / Math.sqrt((double) sizes.depth())) : asked;
  }

  private static Expression behind(Expression past, Expression now) {
    return past == NONE ? now : call("cat", list(past, now), 2);
  }

  /** The sum of all masks: which keys are shown, what is added, and keys later than a query. */
  private static Optional<Expression> mask(Operands in, AttentionSizes sizes, int mask, int added) {
    float hidden = in.attributes().number("mask_filter_value", -10000);
    List<Expression> masks = new ArrayList<>();
    if (in.has(mask)) {
      Expression unseen = call("to", call("logical_not", seen(in, mask, sizes)), TorchTypes.FLOAT);
      masks.add(call("mul", unseen, hidden));
    }
    if (in.has(added)) {
      masks.add(input(added));
    }
    if (in.attributes().flag("unidirectional", false)) {
      long[] shape = {sizes.queries(), sizes.total()};
      masks.add(call("triu", call("full", shape, -Float.MAX_VALUE), sizes.past() + 1));
    }
    return masks.stream().reduce((a, b) -> call("add", a, b));
  }

  /** Which keys the mask shows: by length, one flag a key, or one a query and key. */
  private static Expression seen(Operands in, int input, AttentionSizes sizes) {
    Shape mask = in.shape(input);
    if (mask.rank() > 1 && mask.rank() < 4 && mask.dim(-1) == sizes.total()) {
      Expression shown = call("gt", input(input), 0);
      return mask.rank() == 3
          ? call("unsqueeze", shown, 1)
          : LayoutKernels.reshaped(shown, mask.dim(0), 1, 1, sizes.total());
    }
    if (mask.rank() != 1) {
      throw Kernels.unsupported(in, "a mask " + mask);
    }
    // One end for each batch; then, in a mask twice as long, one start for each.
    Expression key = call("arange", sizes.total());
    Expression end = call("narrow", input(input), 0, 0, sizes.batch());
    Expression before = call("lt", key, LayoutKernels.alongAxis(end, 4, 0));
    if (mask.dim(0) != 2 * sizes.batch()) {
      return before;
    }
    Expression start = call("narrow", input(input), 0, sizes.batch(), sizes.batch());
    return call("logical_and", before, call("ge", key, LayoutKernels.alongAxis(start, 4, 0)));
  }

  /** Queries, keys and values, of which two or three may be packed, with a bias of theirs. */
  private static Kernel multiHead(Operands in) {
    AttentionSizes sizes = AttentionSizes.of(in);
    AttentionSizes.Slots slots = AttentionSizes.Slots.of(in);
    if (in.has(slots.pastLength() + 1)) {
      throw Kernels.unsupported(in, "a search over beams");
    }
    boolean isShared = in.has(slots.past()) && in.has(slots.pastLength());
    List<Expression> split = biased(in, slots, sizes, split(in, sizes));
    List<Expression> present = new ArrayList<>();
    List<Expression> seen = new ArrayList<>();
    for (int i = 1; i < 3; i++) {
      int past = slots.past() + i - 1;
      Expression whole =
          isShared
              ? inBuffer(in, past, split.get(i), start(slots), sizes, true)
              : behind(in.has(past) ? input(past) : NONE, split.get(i));
      present.add(whole);
      seen.add(isShared ? call("narrow", whole, 2, 0, sizes.total()) : whole);
    }
    Optional<Expression> mask = mask(in, sizes, slots.mask(), slots.added());
    if (isShared && in.value(slots.pastLength()).isEmpty()) {
      Expression late = call("gt", call("arange", sizes.total()), start(slots));
      Expression hidden = AttentionKernels.hiding(late);
      mask = Optional.of(mask.map(each -> (Expression) call("add", each, hidden)).orElse(hidden));
    }
    float scale = scale(in, sizes);
    if (!in.hasOutput(3)) {
      Expression y =
          FusedProducts.attention(split.get(0), seen.get(0), seen.get(1), mask.orElse(NONE), scale);
      return results(in, joined(y, sizes), present).reportedAs(REPORTED);
    }
    List<Expression> scores = AttentionKernels.scores(split.get(0), seen.get(0), scale, 0, mask);
    Expression y = call("matmul", scores.get(3), seen.get(1));
    return Kernel.of(joined(y, sizes), present.get(0), present.get(1), scores.get(0))
        .reportedAs(REPORTED);
  }

  private static Expression start(AttentionSizes.Slots slots) {
    return LayoutKernels.reshaped(input(slots.pastLength()), -1);
  }

  private static Kernel results(Operands in, Expression y, List<Expression> present) {
    return in.outputCount() == 1 ? Kernel.of(y) : Kernel.of(y, present.get(0), present.get(1));
  }

  private static List<Expression> split(Operands in, AttentionSizes sizes) {
    Shape q = in.shape(0);
    if (q.rank() == 5) {
      return IntStream.range(0, 3).mapToObj(i -> unpacked(input(0), i)).toList();
    }
    if (!in.has(1)) {
      long width = q.dim(2) / 3;
      return IntStream.range(0, 3)
          .mapToObj(i -> call("narrow", input(0), 2, i * width, width))
          .map(each -> LayoutKernels.heads(each, q, sizes.heads()))
          .toList();
    }
    Expression queries = LayoutKernels.heads(input(0), q, sizes.heads());
    Shape k = in.shape(1);
    return switch (k.rank()) {
      case 3 ->
          List.of(
              queries,
              LayoutKernels.heads(input(1), k, sizes.heads()),
              LayoutKernels.heads(input(2), k, sizes.heads()));
      case 4 -> List.of(queries, input(1), input(2));
      default -> List.of(queries, unpacked(input(1), 0), unpacked(input(1), 1));
    };
  }

  /** One of those in batch x tokens x heads x packed x width, as batch x heads x tokens x width. */
  private static Expression unpacked(Expression packed, int which) {
    return call("transpose", call("select", packed, 3, which), 1, 2);
  }

  private static List<Expression> biased(
      Operands in, AttentionSizes.Slots slots, AttentionSizes sizes, List<Expression> split) {
    if (!in.has(slots.bias())) {
      return split;
    }
    List<Expression> biased = new ArrayList<>();
    long width = sizes.heads() * sizes.depth();
    for (int i = 0; i < 3; i++) {
      long length = i < 2 ? width : sizes.heads() * sizes.valueDepth();
      Expression part = call("narrow", input(slots.bias()), 0, i * width, length);
      biased.add(call("add", split.get(i), LayoutKernels.reshaped(part, sizes.heads(), 1, -1)));
    }
    return biased;
  }

  /**
   * Keys or values of the past, and new ones from {@code start} of each sequence on, in a buffer of
   * all that the next step gets.
   *
   * @param keepsRest whether what is behind them stays as it was, or becomes 0
   */
  private static Expression inBuffer(
      Operands in,
      int past,
      Expression now,
      Expression start,
      AttentionSizes sizes,
      boolean keepsRest) {
    Expression place =
        call(
            "sub",
            LayoutKernels.alongAxis(call("arange", sizes.present()), 4, 2),
            LayoutKernels.alongAxis(start, 4, 0));
    long width = in.shape(past).dim(3);
    long[] shape = {sizes.batch(), sizes.keyHeads(), sizes.present(), width};
    Expression index =
        call(
            "expand",
            call("to", call("clamp", place, 0, sizes.fresh() - 1), TorchTypes.INT64),
            shape);
    long more = sizes.present() - in.shape(past).dim(2);
    Expression before = call("constant_pad_nd", input(past), new long[] {0, 0, 0, more}, 0);
    Expression behind = keepsRest ? before : call("zeros_like", before);
    Expression isNew = call("lt", place, sizes.fresh());
    return call(
        "where",
        call("lt", place, 0),
        before,
        call("where", isNew, call("gather", now, 2, index), behind));
  }

  /**
   * Each query sees the keys up to its own position. Sequences of a batch may have pasts of
   * different lengths: {@code seqlens_k} is one less than all keys of each.
   */
  private static Kernel grouped(Operands in) {
    AttentionSizes sizes = AttentionSizes.of(in);
    boolean isWindowed = in.attributes().flag("sliding_window_cache", false);
    if (in.has(12) || in.has(13) || in.has(16) || isWindowed) {
      throw Kernels.unsupported(in, "a quantised or windowed cache, or queries with padding");
    }
    List<Expression> split = groups(in, sizes);
    // A sequence shorter than its queries is a prompt with padding behind it.
    Expression start = call("clamp_min", call("sub", input(5), sizes.queries() - 1), 0);
    Expression q = positioned(in, split.get(0), sizes, start, 14, "q_norm_epsilon");
    Expression k = positioned(in, split.get(1), sizes, start, 15, "k_norm_epsilon");
    List<Expression> present =
        in.has(3)
            ? List.of(
                inBuffer(in, 3, k, start, sizes, false),
                inBuffer(in, 4, split.get(2), start, sizes, false))
            : List.of(k, split.get(2));
    List<Expression> scores =
        AttentionKernels.scores(
            q,
            AttentionKernels.repeated(present.get(0), sizes),
            scale(in, sizes),
            in.attributes().number("softcap", 0),
            Optional.of(hiddenKeys(in, sizes, start)));
    Expression shares = sunk(in, sizes, scores);
    Expression y =
        joined(call("matmul", shares, AttentionKernels.repeated(present.get(1), sizes)), sizes);
    if (in.hasOutput(3)) {
      Expression shown = in.attributes().integer("qk_output", 0) == 1 ? scores.get(2) : shares;
      return Kernel.of(y, present.get(0), present.get(1), shown).reportedAs(REPORTED);
    }
    return results(in, y, present).reportedAs(REPORTED);
  }

  private static List<Expression> groups(Operands in, AttentionSizes sizes) {
    Shape q = in.shape(0);
    if (in.has(1)) {
      return List.of(
          LayoutKernels.heads(input(0), q, sizes.heads()),
          LayoutKernels.heads(input(1), in.shape(1), sizes.keyHeads()),
          LayoutKernels.heads(input(2), in.shape(2), sizes.keyHeads()));
    }
    long[] heads = {sizes.heads(), sizes.keyHeads(), sizes.keyHeads()};
    Expression all = LayoutKernels.heads(input(0), q, sizes.heads() + 2 * sizes.keyHeads());
    return parts(3, call("split_with_sizes", all, heads, 1));
  }

  /** Queries or keys normalised, if there are weights for that, and rotated to their positions. */
  private static Expression positioned(
      Operands in,
      Expression x,
      AttentionSizes sizes,
      Expression start,
      int weight,
      String epsilon) {
    Expression value = x;
    if (in.has(weight)) {
      float all = in.attributes().number("qk_norm_epsilon", 1e-6f);
      float own = in.attributes().number(epsilon, all);
      Expression factor = NormKernels.inverseRoot(x, new long[] {-1}, own);
      value = call("mul", call("mul", x, factor), input(weight));
    }
    if (!in.attributes().flag("do_rotary", false)) {
      return value;
    }
    Expression positions =
        in.has(9)
            ? input(9)
            : call("add", LayoutKernels.reshaped(start, -1, 1), call("arange", sizes.queries()));
    long half = in.shape(7).dim(1);
    return AttentionKernels.rotated(
        value,
        angles(7, positions, sizes.batch(), sizes.queries(), half),
        angles(8, positions, sizes.batch(), sizes.queries(), half),
        sizes.depth(),
        2 * half,
        in.attributes().flag("rotary_interleaved", false));
  }

  private static Expression angles(
      int table, Expression positions, long batch, long tokens, long width) {
    return call(
        "unsqueeze",
        AttentionKernels.ofPositions(input(table), positions, batch, tokens, width),
        1);
  }

  /** What hides keys behind a query, beyond its window and behind the end of its sequence. */
  private static Expression hiddenKeys(Operands in, AttentionSizes sizes, Expression start) {
    Expression key = call("arange", sizes.present());
    Expression query =
        call(
            "add",
            LayoutKernels.alongAxis(start, 4, 0),
            LayoutKernels.reshaped(call("arange", sizes.queries()), -1, 1));
    boolean isCausal = in.attributes().flag("causal", true);
    Expression hidden = call("gt", key, isCausal ? query : LayoutKernels.alongAxis(input(5), 4, 0));
    long window = in.attributes().integer("local_window_size", -1);
    if (window > 0) {
      hidden = call("logical_or", hidden, call("le", key, call("sub", query, window)));
    }
    Expression mask = AttentionKernels.hiding(hidden);
    if (!in.has(10)) {
      return mask;
    }
    long more = sizes.present() - in.shape(10).dim(3);
    return call("add", mask, call("constant_pad_nd", input(10), new long[] {0, more}, 0));
  }

  /** Shares of the keys, less what a sink of each head takes. */
  private static Expression sunk(Operands in, AttentionSizes sizes, List<Expression> scores) {
    if (!in.has(11) && !in.attributes().flag("smooth_softmax", false)) {
      return scores.get(3);
    }
    long[] one = {sizes.batch(), sizes.heads(), sizes.queries(), 1};
    Expression sink =
        in.has(11)
            ? call("expand", LayoutKernels.alongAxis(input(11), 4, 1), one)
            : call("zeros", one);
    Expression all = call("softmax", call("cat", list(scores.get(2), sink), 3), 3);
    return call("narrow", all, 3, 0, sizes.present());
  }

  /**
   * Tokens of all sequences one after the other; a token sees those of its own sequence. Inputs:
   * queries, keys, values, bias, places in the padded batch, ends of the sequences, an addend.
   */
  private static Kernel packed(Operands in) {
    Shape q = in.shape(0);
    long heads = in.attributes().integer("num_heads");
    long width = in.output(0).shape().dim(1);
    long[] keyWidths = {in.has(1) ? q.dim(1) : width, width};
    List<Expression> split = new ArrayList<>();
    long offset = 0;
    for (int i = 0; i < 3; i++) {
      Expression each =
          in.has(1)
              ? input(i)
              : LayoutKernels.reshaped(call("select", input(0), 2, i), q.dim(0), -1);
      long length = keyWidths[i / 2];
      if (in.has(3)) {
        each = call("add", each, call("narrow", input(3), 0, offset, length));
      }
      offset += length;
      Expression byHead = LayoutKernels.reshaped(each, 1, q.dim(0), heads, -1);
      split.add(call("transpose", byHead, 1, 2));
    }
    Expression ends = call("narrow", input(5), 0, 1, in.shape(5).dim(0) - 1);
    Expression sequence = call("bucketize", call("arange", q.dim(0)), ends, named("right", true));
    Expression row = LayoutKernels.reshaped(sequence, -1, 1);
    Expression mask = AttentionKernels.hiding(call("ne", row, sequence));
    if (in.has(6)) {
      mask = call("add", mask, addedToPacked(in, sequence));
    }
    float asked = in.attributes().number("scale", 0);
    double scale = asked == 0 ? 1 / Math.sqrt((double) keyWidths[0] / heads) : asked;
    Expression y = FusedProducts.attention(split.get(0), split.get(1), split.get(2), mask, scale);
    return Kernel.of(LayoutKernels.reshaped(call("transpose", y, 1, 2), q.dim(0), -1))
        .reportedAs(REPORTED);
  }

  /** Of what is added to padded scores, the part of pairs of tokens: 1 x heads x token x token. */
  private static Expression addedToPacked(Operands in, Expression sequence) {
    Shape added = in.shape(6);
    long tokens = in.shape(0).dim(0);
    Expression place =
        call("sub", call("arange", tokens), call("index_select", input(5), 0, sequence));
    Expression batch = added.dim(0) == 1 ? call("zeros_like", sequence) : sequence;
    Expression rows = call("add", call("mul", batch, added.dim(2)), place);
    Expression other = call("minimum", place, call("full_like", place, added.dim(3) - 1));
    Expression index =
        call("add", call("mul", LayoutKernels.reshaped(rows, -1, 1), added.dim(3)), other);
    Expression table =
        LayoutKernels.reshaped(
            call("permute", input(6), new long[] {0, 2, 3, 1}), -1, added.dim(1));
    Expression found =
        call(
            "index_select",
            table,
            0,
            call("to", LayoutKernels.reshaped(index, -1), TorchTypes.INT64));
    Expression byPair = LayoutKernels.reshaped(found, 1, tokens, tokens, added.dim(1));
    return call("permute", byPair, new long[] {0, 3, 1, 2});
  }

  /** Inputs: x, positions or one offset of all, cosines, sines. */
  private static Kernel rotary(Operands in) {
    Shape shape = in.shape(0);
    boolean isPacked = shape.rank() == 3;
    long turned = 2 * in.shape(2).dim(1);
    long asked = in.attributes().integer("num_heads", 0);
    long heads = !isPacked ? shape.dim(1) : asked > 0 ? asked : shape.dim(2) / turned;
    long tokens = shape.dim(isPacked ? 1 : 2);
    long width = isPacked ? shape.dim(2) / heads : shape.dim(3);
    Expression x = isPacked ? LayoutKernels.heads(input(0), shape, heads) : input(0);
    boolean isOffset = in.shape(1).elements() == 1;
    Expression positions =
        isOffset
            ? call("add", call("arange", tokens), LayoutKernels.reshaped(input(1), -1))
            : input(1);
    long batch = isOffset ? 1 : shape.dim(0);
    Expression rotated =
        AttentionKernels.rotated(
            x,
            angles(2, positions, batch, tokens, turned / 2),
            angles(3, positions, batch, tokens, turned / 2),
            width,
            turned,
            in.attributes().flag("interleaved", false));
    return Kernel.of(isPacked ? LayoutKernels.joinedHeads(rotated, shape.dim(0), tokens) : rotated);
  }
}
