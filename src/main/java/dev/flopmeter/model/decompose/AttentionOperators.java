package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.AttentionSizes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * ONNX Runtime's attention as ONNX's own, and biases of relative positions (source: ONNX Runtime's
 * ContribOperators.md).
 */
final class AttentionOperators {
  private AttentionOperators() {}

  static void addTo(BodyTable table) {
    table.putAll(
        "Attention", b -> projected(b, b.plusInput(b.product(b.input(0), b.input(1)), 2), 3, 5, 4));
    table.putAll("MultiHeadAttention", AttentionOperators::multiHead);
    table.putAll("DecoderMaskedMultiHeadAttention", AttentionOperators::multiHead);
    table.putAll("GroupQueryAttention", AttentionOperators::grouped);
    table.put("PackedMultiHeadAttention", AttentionOperators::packed);
    table.put("RotaryEmbedding", AttentionOperators::rotary);
    table.put("RelativePositionBias", AttentionOperators::relativeBias);
    table.put("GatedRelativePositionBias", AttentionOperators::gatedBias);
  }

  private static String heads(Body b, String value, long heads) {
    Shape shape = b.shape(value);
    return b.transposed(b.reshaped(value, shape.dim(0), shape.dim(1), heads, -1), 0, 2, 1, 3);
  }

  private static String joined(Body b, String value) {
    Shape shape = b.shape(value);
    return b.reshaped(b.transposed(value, 0, 2, 1, 3), shape.dim(0), shape.dim(2), -1);
  }

  private static double scale(Body b, AttentionSizes sizes) {
    double asked = b.number("scale", 0);
    return asked == 0 ? 1 / Math.sqrt((double) sizes.depth()) : asked;
  }

  /**
   * Attention over {@code all} queries, keys and values of one product. The past and the present
   * are keys, then values.
   *
   * @param mask the input with it; {@code added} and {@code past} likewise
   */
  static List<String> projected(Body b, String all, int mask, int added, int past) {
    AttentionSizes sizes = AttentionSizes.of(b.in());
    long width = sizes.heads() * sizes.depth();
    List<String> inputs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      long end = i < 2 ? (i + 1) * width : b.shape(all).dim(2);
      inputs.add(b.slice(all, 2, i * width, end));
    }
    inputs.add(sum(b, masks(b, sizes, mask, added)));
    if (b.has(past)) {
      inputs.add(b.at(b.input(past), 0, 0));
      inputs.add(b.at(b.input(past), 0, 1));
    }
    boolean isKept = b.in().hasOutput(1);
    List<String> found = attention(b, sizes, isKept ? 3 : 1, 0, 0, inputs);
    return isKept
        ? List.of(
            found.get(0), b.concat(0, b.unsqueezed(found.get(1), 0), b.unsqueezed(found.get(2), 0)))
        : found;
  }

  /** Queries, keys and values, of which two or three may be packed, with a bias of theirs. */
  private static List<String> multiHead(Body b) {
    AttentionSizes sizes = AttentionSizes.of(b.in());
    AttentionSizes.Slots slots = AttentionSizes.Slots.of(b.in());
    if (b.has(slots.pastLength() + 1)) {
      throw new UnsupportedFormException("a search over beams");
    }
    List<String> inputs = new ArrayList<>(biased(b, sizes, slots.bias(), split(b, sizes)));
    List<String> masks = masks(b, sizes, slots.mask(), slots.added());
    boolean isShared = b.has(slots.past()) && b.has(slots.pastLength());
    List<String> buffers = new ArrayList<>();
    if (isShared) {
      if (b.shape(inputs.get(0)).rank() == 3) {
        inputs.set(0, heads(b, inputs.get(0), sizes.heads()));
      }
      String start = b.long64(b.reshaped(b.input(slots.pastLength()), 1));
      for (int i = 1; i < 3; i++) {
        String past = b.input(slots.past() + i - 1);
        buffers.add(inBuffer(b, sizes, past, inputs.get(i), start, past));
        inputs.set(i, b.slice(buffers.get(i - 1), 2, 0, sizes.total()));
      }
      if (b.in().value(slots.pastLength()).isEmpty()) {
        masks.add(hiding(b, b.add("Greater", b.range(sizes.total()), start)));
      }
    }
    inputs.add(sum(b, masks));
    if (!isShared && b.has(slots.past())) {
      inputs.add(b.input(slots.past()));
      inputs.add(b.input(slots.past() + 1));
    }
    int outputs = b.in().hasOutput(3) ? 4 : isShared ? 1 : Math.min(3, b.in().outputCount());
    List<String> results = new ArrayList<>(attention(b, sizes, outputs, 0, 0, inputs));
    if (b.shape(results.get(0)).rank() == 4) {
      results.set(0, joined(b, results.get(0)));
    }
    for (int i = 0; i < buffers.size(); i++) {
      results.add(i + 1, buffers.get(i));
    }
    if (results.size() > 4) { // the keys and values of the buffers that it saw
      results.subList(3, 5).clear();
    }
    return results;
  }

  /**
   * @param shown which scores output 3 shows, as ONNX's {@code qk_matmul_output_mode}
   */
  private static List<String> attention(
      Body b, AttentionSizes sizes, int outputs, double cap, long shown, List<String> inputs) {
    Attributes attributes =
        Attributes.of(
            "q_num_heads", sizes.heads(),
            "kv_num_heads", sizes.keyHeads(),
            "scale", scale(b, sizes),
            "softcap", cap,
            "qk_matmul_output_mode", shown);
    return b.add(outputs, "Attention", attributes, inputs.toArray(new String[0]));
  }

  /** Queries, keys and values: with tokens in front of heads (rank 3) where they come so. */
  private static List<String> split(Body b, AttentionSizes sizes) {
    Shape q = b.shape(0);
    if (q.rank() == 5) {
      return IntStream.range(0, 3).mapToObj(i -> unpacked(b, b.input(0), i)).toList();
    }
    if (!b.has(1)) {
      return b.split(3, 2, b.input(0));
    }
    return switch (b.shape(1).rank()) {
      case 3 -> List.of(b.input(0), b.input(1), b.input(2));
      case 4 -> List.of(heads(b, b.input(0), sizes.heads()), b.input(1), b.input(2));
      default ->
          List.of(
              heads(b, b.input(0), sizes.heads()),
              unpacked(b, b.input(1), 0),
              unpacked(b, b.input(1), 1));
    };
  }

  /** One of those in batch x tokens x heads x packed x width, as batch x heads x tokens x width. */
  private static String unpacked(Body b, String packed, long which) {
    return b.transposed(b.at(packed, 3, which), 0, 2, 1, 3);
  }

  private static List<String> biased(Body b, AttentionSizes sizes, int bias, List<String> split) {
    if (!b.has(bias)) {
      return split;
    }
    List<String> biased = new ArrayList<>();
    long width = sizes.heads() * sizes.depth();
    for (int i = 0; i < 3; i++) {
      long end = i < 2 ? (i + 1) * width : 2 * width + sizes.heads() * sizes.valueDepth();
      String part = b.slice(b.input(bias), 0, i * width, end);
      boolean isSplit = b.shape(split.get(i)).rank() == 4;
      biased.add(b.plus(split.get(i), isSplit ? b.reshaped(part, sizes.heads(), 1, -1) : part));
    }
    return biased;
  }

  /** Zeros, and minus infinity where {@code hidden} is true. */
  private static String hiding(Body b, String hidden) {
    return b.where(hidden, b.number(Double.NEGATIVE_INFINITY), b.number(0));
  }

  private static String sum(Body b, List<String> masks) {
    return masks.stream().reduce(b::plus).orElse("");
  }

  /** What is added to the scores: for hidden keys, what is given, and for keys after a query. */
  private static List<String> masks(Body b, AttentionSizes sizes, int mask, int added) {
    List<String> masks = new ArrayList<>();
    if (b.has(mask)) {
      double hidden = b.number("mask_filter_value", -10000);
      masks.add(b.where(seen(b, sizes, mask), b.number(0), b.number(hidden)));
    }
    if (b.has(added)) {
      masks.add(b.input(added));
    }
    if (b.flag("unidirectional", false)) {
      long[] shape = {sizes.queries(), sizes.total()};
      float[] later = new float[(int) (shape[0] * shape[1])];
      for (int i = 0; i < later.length; i++) {
        later[i] = i % shape[1] > i / shape[1] + sizes.past() ? -Float.MAX_VALUE : 0;
      }
      masks.add(b.constant(Tensor.ofFloats(Shape.of(shape), later)));
    }
    return masks;
  }

  /** Which keys the mask shows: by length, one flag a key, or one a query and key. */
  private static String seen(Body b, AttentionSizes sizes, int input) {
    Shape mask = b.shape(input);
    String wide = b.long64(b.input(input));
    if (mask.rank() == 1) { // one end for each batch, then perhaps one start for each
      String key = b.range(sizes.total());
      String ends = b.reshaped(b.slice(wide, 0, 0, sizes.batch()), -1, 1, 1, 1);
      String before = b.add("Less", key, ends);
      if (mask.dim(0) != 2 * sizes.batch()) {
        return before;
      }
      String starts = b.slice(wide, 0, sizes.batch(), 2 * sizes.batch());
      return b.add("And", before, b.add("GreaterOrEqual", key, b.reshaped(starts, -1, 1, 1, 1)));
    }
    if (mask.rank() < 2 || mask.rank() > 4 || mask.dim(-1) != sizes.total()) {
      throw new UnsupportedFormException("a mask " + mask);
    }
    String shown = b.add("Greater", wide, b.longs(0));
    long rows = mask.rank() == 3 ? mask.dim(1) : 1;
    return mask.rank() == 4 ? shown : b.reshaped(shown, mask.dim(0), 1, rows, sizes.total());
  }

  /**
   * Past keys or values, and new ones from {@code start} of each sequence on, then {@code rest}.
   */
  private static String inBuffer(
      Body b, AttentionSizes sizes, String past, String fresh, String start, String rest) {
    String now = b.shape(fresh).rank() == 3 ? heads(b, fresh, sizes.keyHeads()) : fresh;
    long width = b.shape(past).dim(3);
    String place = b.minus(b.range(sizes.present(), 1), b.reshaped(start, -1, 1, 1, 1));
    String within = b.add("Max", b.add("Min", place, b.longs(sizes.fresh() - 1)), b.longs(0));
    String index =
        b.add("Expand", within, b.longs(sizes.batch(), sizes.keyHeads(), sizes.present(), width));
    String found = b.add("GatherElements", Attributes.of("axis", 2), now, index);
    String before = padded(b, past, sizes.present());
    String behind =
        rest.isEmpty() ? b.times(before, b.number(0)) : padded(b, rest, sizes.present());
    String later = b.where(b.add("Less", place, b.longs(sizes.fresh())), found, behind);
    return b.where(b.add("Less", place, b.longs(0)), before, later);
  }

  private static String padded(Body b, String value, long length) {
    long more = length - b.shape(value).dim(2);
    return more == 0 ? value : b.add("Pad", value, b.longs(0, 0, 0, 0, 0, 0, more, 0));
  }

  /**
   * Each query sees the keys up to its own position. Sequences of a batch may have pasts of
   * different lengths: {@code seqlens_k} is one less than all keys of each.
   */
  private static List<String> grouped(Body b) {
    AttentionSizes sizes = AttentionSizes.of(b.in());
    if (b.has(12) || b.has(13) || b.has(16) || b.flag("sliding_window_cache", false)) {
      throw new UnsupportedFormException("a quantised or windowed cache, or queries with padding");
    }
    List<String> split = groups(b, sizes);
    // A sequence shorter than its queries is a prompt with padding behind it.
    String from = b.minus(b.long64(b.input(5)), b.longs(sizes.queries() - 1));
    String start = b.add("Max", from, b.longs(0));
    String q = positioned(b, split.get(0), sizes, start, 14, "q_norm_epsilon");
    String k = positioned(b, split.get(1), sizes, start, 15, "k_norm_epsilon");
    String v = split.get(2);
    if (b.has(3)) {
      k = inBuffer(b, sizes, b.input(3), k, start, "");
      v = inBuffer(b, sizes, b.input(4), v, start, "");
    }
    String mask = hidden(b, sizes, start);
    double cap = b.number("softcap", 0);
    long shown = b.integer("qk_output", 0) == 1 ? 2 : 3;
    List<String> found =
        b.has(11) || b.flag("smooth_softmax", false)
            ? sunk(b, sizes, q, k, v, mask, cap, shown)
            : attention(b, sizes, b.in().hasOutput(3) ? 4 : 1, cap, shown, List.of(q, k, v, mask));
    String y = joined(b, found.get(0));
    return found.size() == 1 ? List.of(y, k, v) : List.of(y, k, v, found.get(found.size() - 1));
  }

  private static List<String> groups(Body b, AttentionSizes sizes) {
    if (b.has(1)) {
      return List.of(
          heads(b, b.input(0), sizes.heads()),
          heads(b, b.input(1), sizes.keyHeads()),
          heads(b, b.input(2), sizes.keyHeads()));
    }
    String all = heads(b, b.input(0), sizes.heads() + 2 * sizes.keyHeads());
    String parts = b.longs(sizes.heads(), sizes.keyHeads(), sizes.keyHeads());
    return b.add(3, "Split", Attributes.of("axis", 1), all, parts);
  }

  /** Queries or keys normalised, if there are weights for that, and rotated to their positions. */
  private static String positioned(
      Body b, String x, AttentionSizes sizes, String start, int weight, String epsilon) {
    String value = x;
    if (b.has(weight)) {
      double own = b.number(epsilon, b.number("qk_norm_epsilon", 1e-6f));
      value = b.add("RMSNormalization", Attributes.of("epsilon", own), x, b.input(weight));
    }
    if (!b.flag("do_rotary", false)) {
      return value;
    }
    String positions =
        b.has(9) ? b.input(9) : b.plus(b.reshaped(start, -1, 1), b.range(1, sizes.queries()));
    return rotated(b, value, 7, positions, b.integer("rotary_interleaved", 0));
  }

  /**
   * @param cosines the input of their table, before that of the sines
   */
  private static String rotated(Body b, String x, int cosines, String positions, long interleaved) {
    Attributes attributes =
        Attributes.of(
            "interleaved", interleaved, "rotary_embedding_dim", 2 * b.shape(cosines).dim(1));
    return b.add(
        "RotaryEmbedding", attributes, x, b.input(cosines), b.input(cosines + 1), positions);
  }

  /** What hides keys behind a query, beyond its window and behind the end of its sequence. */
  private static String hidden(Body b, AttentionSizes sizes, String start) {
    String key = b.range(sizes.present());
    String query = b.plus(b.reshaped(start, -1, 1, 1, 1), b.range(sizes.queries(), 1));
    boolean isCausal = b.flag("causal", true);
    String last = isCausal ? query : b.reshaped(b.long64(b.input(5)), -1, 1, 1, 1);
    String hidden = b.add("Greater", key, last);
    long window = b.integer("local_window_size", -1);
    if (window > 0) {
      String first = b.minus(query, b.longs(window));
      hidden = b.add("Or", hidden, b.add("LessOrEqual", key, first));
    }
    String mask = hiding(b, hidden);
    if (!b.has(10)) {
      return mask;
    }
    long more = sizes.present() - b.shape(10).dim(3);
    String added =
        more == 0 ? b.input(10) : b.add("Pad", b.input(10), b.longs(0, 0, 0, 0, 0, 0, 0, more));
    return b.plus(mask, added);
  }

  /** Attention of which a sink takes a share in each head, and the scores or shares shown. */
  private static List<String> sunk(
      Body b,
      AttentionSizes sizes,
      String q,
      String k,
      String v,
      String mask,
      double cap,
      long shown) {
    String turned = b.transposed(repeated(b, sizes, k), 0, 1, 3, 2);
    String scores = b.times(b.product(q, turned), b.number(scale(b, sizes)));
    if (cap != 0) {
      scores = b.times(b.add("Tanh", b.over(scores, b.number(cap))), b.number(cap));
    }
    String masked = b.plus(scores, mask);
    String sink = b.has(11) ? b.reshaped(b.input(11), 1, -1, 1, 1) : b.number(0);
    String column =
        b.add("Expand", sink, b.longs(sizes.batch(), sizes.heads(), sizes.queries(), 1));
    String all = b.add("Softmax", b.concat(3, masked, column));
    String shares = b.slice(all, 3, 0, sizes.present());
    String y = b.product(shares, repeated(b, sizes, v));
    return List.of(y, shown == 2 ? masked : shares);
  }

  private static String repeated(Body b, AttentionSizes sizes, String keys) {
    Shape shape = b.shape(keys);
    long group = sizes.heads() / sizes.keyHeads();
    String all = b.longs(shape.dim(0), shape.dim(1), group, shape.dim(2), shape.dim(3));
    String wide = b.add("Expand", b.unsqueezed(keys, 2), all);
    return b.reshaped(wide, shape.dim(0), sizes.heads(), shape.dim(2), shape.dim(3));
  }

  /**
   * Tokens of all sequences one after the other; a token sees those of its own sequence. Inputs:
   * queries, keys, values, bias, places in the padded batch, ends of the sequences, an addend.
   */
  private static String packed(Body b) {
    Shape q = b.shape(0);
    long tokens = q.dim(0);
    long heads = b.attributes().integer("num_heads");
    long width = b.in().output(0).shape().dim(1);
    long keyWidth = b.has(1) ? q.dim(1) : width;
    AttentionSizes sizes =
        new AttentionSizes(
            1, heads, heads, tokens, tokens, tokens, tokens, keyWidth / heads, width / heads);
    List<String> split = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      split.add(b.reshaped(b.has(1) ? b.input(i) : b.at(b.input(0), 2, i), 1, tokens, -1));
    }
    split = new ArrayList<>(biased(b, sizes, 3, split));
    String ends = b.long64(b.slice(b.input(5), 0, 1, b.shape(5).dim(0)));
    String isPassed = b.add("GreaterOrEqual", b.range(tokens, 1), b.reshaped(ends, 1, -1));
    String sequence = b.sum(b.long64(isPassed), 1);
    String isOwn = b.add("Equal", b.reshaped(sequence, -1, 1), b.reshaped(sequence, 1, -1));
    split.add(b.has(6) ? b.plus(hiding(b, b.add("Not", isOwn)), added(b, sequence)) : isOwn);
    return b.reshaped(attention(b, sizes, 1, 0, 0, split).get(0), tokens, -1);
  }

  /** Of what is added to padded scores, the part of pairs of tokens: 1 x heads x token x token. */
  private static String added(Body b, String sequence) {
    Shape added = b.shape(6);
    String start = b.gather(b.long64(b.input(5)), 0, sequence);
    String place = b.minus(b.range(b.shape(0).dim(0)), start);
    String rows =
        added.dim(0) == 1 ? place : b.plus(b.times(sequence, b.longs(added.dim(2))), place);
    String columns = b.add("Min", place, b.longs(added.dim(3) - 1));
    String index = b.plus(b.times(b.reshaped(rows, -1, 1), b.longs(added.dim(3))), columns);
    String table = b.reshaped(b.transposed(b.input(6), 0, 2, 3, 1), -1, added.dim(1));
    return b.unsqueezed(b.transposed(b.gather(table, 0, index), 2, 0, 1), 0);
  }

  /** Inputs: x, positions or one offset of all, cosines, sines. */
  private static String rotary(Body b) {
    Shape shape = b.shape(0);
    boolean isPacked = shape.rank() == 3;
    long asked = b.integer("num_heads", 0);
    long heads = asked > 0 ? asked : shape.dim(2) / (2 * b.shape(2).dim(1));
    String positions = b.input(1);
    if (b.shape(1).elements() == 1) {
      long tokens = shape.dim(isPacked ? 1 : 2);
      String all = b.plus(b.range(1, tokens), b.reshaped(positions, 1));
      positions = b.add("Expand", all, b.longs(shape.dim(0), tokens));
    }
    String x = isPacked ? heads(b, b.input(0), heads) : b.input(0);
    String y = rotated(b, x, 2, positions, b.integer("interleaved", 0));
    return isPacked ? joined(b, y) : y;
  }

  /** A table of (buckets, heads), column by column, at the buckets of distances as T5 has them. */
  private static String relativeBias(Body b) {
    long queries = b.in().requireLongs(1)[0];
    long keys = b.in().requireLongs(2)[0];
    long buckets = b.shape(0).dim(0);
    long most = b.attributes().integer("max_distance");
    boolean isBothWays = b.flag("is_bidirectional", false);
    long[] at = new long[Math.toIntExact(queries * keys)];
    for (int i = 0; i < at.length; i++) {
      at[i] = bucket(i % keys - i / keys, buckets, most, isBothWays);
    }
    String table = b.reshaped(b.input(0), b.shape(0).dim(1), buckets);
    String places = b.constant(DenseTensor.ofLongs(Shape.of(queries, keys), at));
    return b.unsqueezed(b.gather(table, 1, places), 0);
  }

  /** The first half of the buckets for single distances, the others on a logarithmic scale. */
  private static long bucket(long distance, long buckets, long most, boolean isBothWays) {
    long count = isBothWays ? buckets / 2 : buckets;
    long first = isBothWays && distance > 0 ? count : 0;
    long far = isBothWays ? Math.abs(distance) : Math.max(0, -distance);
    long exact = count / 2;
    if (far < exact) {
      return first + far;
    }
    double share = Math.log((double) far / exact) / Math.log((double) most / exact);
    return first + Math.min(count - 1, exact + (long) (share * (count - exact)));
  }

  /** {@code (u (r a - 1) + 2) * bias}, the gates u and r of each query and head. */
  private static String gatedBias(Body b) {
    if (b.has(6)) {
      throw new DataDependentException(b.input(6));
    }
    long heads = b.attributes().integer("num_heads");
    String q = heads(b, b.plus(b.input(0), b.input(1)), heads);
    String gates = b.plus(b.product(q, b.input(3)), b.input(4));
    Shape shape = b.shape(gates);
    String halves = b.reshaped(gates, shape.dim(0), heads, shape.dim(2), 2, -1);
    List<String> both = b.split(2, 3, b.add("Sigmoid", b.sum(halves, 4)));
    String rest = b.minus(b.times(both.get(1), b.input(5)), b.numberAsInput(1));
    return b.times(b.plus(b.times(both.get(0), rest), b.numberAsInput(2)), b.input(2));
  }
}
