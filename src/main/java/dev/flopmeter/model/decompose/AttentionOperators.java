package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.shape.AttentionSizes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * ONNX Runtime's attention as ONNX's own (source: ONNX Runtime's ContribOperators.md), for a
 * backend that has no kernels for it, and biases of relative positions.
 */
final class AttentionOperators {
  private static final String DOMAIN = "com.microsoft:";

  private AttentionOperators() {}

  static void addTo(Map<String, Decomposition> all) {
    String asAttention = "as Attention";
    for (String op : List.of("MultiHeadAttention", "DecoderMaskedMultiHeadAttention")) {
      all.put(DOMAIN + op, new Decomposition(asAttention, AttentionOperators::multiHead));
    }
    all.put(
        DOMAIN + "GroupQueryAttention",
        new Decomposition(asAttention, AttentionOperators::grouped));
    all.put(
        DOMAIN + "PackedMultiHeadAttention",
        Decomposition.of(asAttention, AttentionOperators::packed));
    all.put(
        DOMAIN + "RotaryEmbedding",
        Decomposition.of("as RotaryEmbedding", AttentionOperators::rotary));
    all.put(
        DOMAIN + "RelativePositionBias",
        Decomposition.of("0: moves data", AttentionOperators::relativeBias));
    all.put(
        DOMAIN + "GatedRelativePositionBias",
        Decomposition.of(
            "MACs of the gates' product; + its sums, sigmoids, and 4 per output",
            AttentionOperators::gatedBias));
  }

  private static String heads(Body b, String value, long heads) {
    Shape shape = b.shape(value);
    return b.transposed(b.reshaped(value, shape.dim(0), shape.dim(1), heads, -1), 0, 2, 1, 3);
  }

  private static String joined(Body b, String value) {
    Shape shape = b.shape(value);
    return b.reshaped(b.transposed(value, 0, 2, 1, 3), shape.dim(0), shape.dim(2), -1);
  }

  private static String slice(Body b, String value, long axis, long from, long to) {
    return b.add("Slice", value, b.longs(from), b.longs(to), b.longs(axis));
  }

  private static String range(Body b, long... dims) {
    long count = LongStream.of(dims).reduce(1, (x, y) -> x * y);
    return b.constant(DenseTensor.ofLongs(Shape.of(dims), LongStream.range(0, count).toArray()));
  }

  private static double scale(Body b, AttentionSizes sizes) {
    double asked = b.attributes().number("scale", 0);
    return asked == 0 ? 1 / Math.sqrt((double) sizes.depth()) : asked;
  }

  private static List<String> multiHead(Body b) {
    AttentionSizes sizes = AttentionSizes.of(b.in());
    AttentionSizes.Slots slots = AttentionSizes.Slots.of(b.in());
    if (b.has(slots.pastLength() + 1)) {
      throw new DataDependentException(b.input(slots.pastLength() + 1));
    }
    List<String> split = biased(b, sizes, slots.bias(), split(b, sizes));
    List<String> masks = masks(b, sizes, slots);
    boolean isShared = b.has(slots.past()) && b.has(slots.pastLength());
    List<String> inputs = new ArrayList<>(split);
    List<String> present = new ArrayList<>();
    if (isShared) {
      if (b.shape(split.get(0)).rank() == 3) {
        inputs.set(0, heads(b, split.get(0), sizes.heads()));
      }
      String start = long64(b, b.reshaped(b.input(slots.pastLength()), 1));
      for (int i = 0; i < 2; i++) {
        String past = b.input(slots.past() + i);
        String whole = inBuffer(b, sizes, past, split.get(i + 1), start, past);
        present.add(whole);
        inputs.set(i + 1, slice(b, whole, 2, 0, sizes.total()));
      }
      String late = b.add("Greater", range(b, sizes.total()), start);
      masks.add(b.add("Where", late, b.number(Double.NEGATIVE_INFINITY), b.number(0)));
    }
    inputs.add(masks.stream().reduce((x, y) -> b.add("Add", x, y)).orElse(""));
    if (!isShared && b.has(slots.past())) {
      inputs.add(b.input(slots.past()));
      inputs.add(b.input(slots.past() + 1));
    }
    boolean isAsked = !isShared && b.in().outputCount() > 1;
    List<String> results = attention(b, sizes, isAsked ? 3 : 1, 0, inputs);
    present.addAll(results.subList(1, results.size()));
    String y = b.shape(results.get(0)).rank() == 4 ? joined(b, results.get(0)) : results.get(0);
    return present.isEmpty() ? List.of(y) : List.of(y, present.get(0), present.get(1));
  }

  private static List<String> attention(
      Body b, AttentionSizes sizes, int outputs, double cap, List<String> inputs) {
    Attributes attributes =
        Attributes.of(
            "q_num_heads", sizes.heads(),
            "kv_num_heads", sizes.keyHeads(),
            "scale", scale(b, sizes),
            "softcap", cap);
    return b.add(outputs, "Attention", attributes, inputs.toArray(new String[0]));
  }

  /** Queries, keys and values: with tokens in front of heads (rank 3) where they come so. */
  private static List<String> split(Body b, AttentionSizes sizes) {
    Shape q = b.shape(0);
    if (q.rank() == 5) {
      return IntStream.range(0, 3).mapToObj(i -> unpacked(b, b.input(0), i)).toList();
    }
    if (!b.has(1)) {
      long width = q.dim(2) / 3;
      return IntStream.range(0, 3)
          .mapToObj(i -> slice(b, b.input(0), 2, i * width, (i + 1) * width))
          .toList();
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
    String one =
        b.add("Gather", Attributes.of("axis", 3), packed, b.constant(Tensor.ofLong(which)));
    return b.transposed(one, 0, 2, 1, 3);
  }

  private static List<String> biased(Body b, AttentionSizes sizes, int bias, List<String> split) {
    if (!b.has(bias)) {
      return split;
    }
    List<String> biased = new ArrayList<>();
    long width = sizes.heads() * sizes.depth();
    for (int i = 0; i < 3; i++) {
      long end = i < 2 ? (i + 1) * width : 2 * width + sizes.heads() * sizes.valueDepth();
      String part = slice(b, b.input(bias), 0, i * width, end);
      boolean isSplit = b.shape(split.get(i)).rank() == 4;
      biased.add(
          b.add("Add", split.get(i), isSplit ? b.reshaped(part, sizes.heads(), 1, -1) : part));
    }
    return biased;
  }

  /** What is added to the scores. */
  private static List<String> masks(Body b, AttentionSizes sizes, AttentionSizes.Slots slots) {
    List<String> masks = new ArrayList<>();
    if (b.has(slots.mask())) {
      double hidden = b.attributes().number("mask_filter_value", -10000);
      String seen = seen(b, sizes, slots.mask());
      masks.add(b.add("Where", seen, b.number(0), b.number(hidden)));
    }
    if (b.has(slots.added())) {
      masks.add(b.input(slots.added()));
    }
    if (b.attributes().flag("unidirectional", false)) {
      long[] shape = {sizes.queries(), sizes.total()};
      float[] later = new float[(int) (shape[0] * shape[1])];
      for (int i = 0; i < later.length; i++) {
        later[i] = i % shape[1] > i / shape[1] + sizes.past() ? -Float.MAX_VALUE : 0;
      }
      masks.add(b.constant(Tensor.ofFloats(Shape.of(shape), later)));
    }
    return masks;
  }

  private static String seen(Body b, AttentionSizes sizes, int input) {
    Shape mask = b.shape(input);
    if (mask.rank() == 1 && mask.dim(0) != 2 * sizes.batch()) {
      String ends = b.reshaped(slice(b, b.input(input), 0, 0, sizes.batch()), -1, 1, 1, 1);
      return b.add("Less", range(b, sizes.total()), long64(b, ends));
    }
    if (mask.rank() < 2 || mask.rank() > 3 || mask.dim(-1) != sizes.total()) {
      throw new DataDependentException(b.input(input));
    }
    String shown = b.add("Cast", Attributes.of("to", (long) DataType.BOOL.code()), b.input(input));
    long rows = mask.rank() == 3 ? mask.dim(1) : 1;
    return b.reshaped(shown, mask.dim(0), 1, rows, sizes.total());
  }

  private static String long64(Body b, String value) {
    return b.add("Cast", Attributes.of("to", (long) DataType.INT64.code()), value);
  }

  /**
   * Past keys or values, and new ones from {@code start} of each sequence on, then {@code rest}.
   */
  private static String inBuffer(
      Body b, AttentionSizes sizes, String past, String fresh, String start, String rest) {
    String now = b.shape(fresh).rank() == 3 ? heads(b, fresh, sizes.keyHeads()) : fresh;
    long width = b.shape(past).dim(3);
    String place =
        b.add("Sub", b.reshaped(range(b, sizes.present()), -1, 1), b.reshaped(start, -1, 1, 1, 1));
    String within = b.add("Max", b.add("Min", place, b.longs(sizes.fresh() - 1)), b.longs(0));
    String index =
        b.add("Expand", within, b.longs(sizes.batch(), sizes.keyHeads(), sizes.present(), width));
    String found = b.add("GatherElements", Attributes.of("axis", 2), now, index);
    String before = padded(b, past, sizes.present());
    String behind =
        rest.isEmpty() ? b.add("Mul", before, b.number(0)) : padded(b, rest, sizes.present());
    String isNew = b.add("Less", place, b.longs(sizes.fresh()));
    return b.add(
        "Where", b.add("Less", place, b.longs(0)), before, b.add("Where", isNew, found, behind));
  }

  private static String padded(Body b, String value, long length) {
    long more = length - b.shape(value).dim(2);
    return more == 0 ? value : b.add("Pad", value, b.longs(0, 0, 0, 0, 0, 0, more, 0));
  }

  private static List<String> grouped(Body b) {
    AttentionSizes sizes = AttentionSizes.of(b.in());
    for (int i = 12; i < 17; i++) {
      if (b.has(i)) {
        throw new DataDependentException(b.input(i));
      }
    }
    List<String> split = groups(b, sizes);
    String from = b.add("Sub", long64(b, b.input(5)), b.longs(sizes.queries() - 1));
    String start = b.add("Max", from, b.longs(0));
    String q = positioned(b, split.get(0), sizes, start);
    String k = positioned(b, split.get(1), sizes, start);
    String v = split.get(2);
    if (b.has(3)) {
      k = inBuffer(b, sizes, b.input(3), k, start, "");
      v = inBuffer(b, sizes, b.input(4), v, start, "");
    }
    String mask = hidden(b, sizes, start);
    double cap = b.attributes().number("softcap", 0);
    boolean isSunk = b.has(11) || b.attributes().flag("smooth_softmax", false);
    String y =
        isSunk
            ? sunk(b, sizes, q, k, v, mask, cap)
            : attention(b, sizes, 1, cap, List.of(q, k, v, mask)).get(0);
    return List.of(joined(b, y), k, v);
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

  private static String positioned(Body b, String x, AttentionSizes sizes, String start) {
    if (!b.attributes().flag("do_rotary", false)) {
      return x;
    }
    String positions =
        b.has(9)
            ? b.input(9)
            : b.add("Add", b.reshaped(start, -1, 1), range(b, 1, sizes.queries()));
    return rotated(b, x, 7, positions, b.attributes().integer("rotary_interleaved", 0));
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

  private static String hidden(Body b, AttentionSizes sizes, String start) {
    String key = range(b, sizes.present());
    String query = b.add("Add", b.reshaped(start, -1, 1, 1, 1), range(b, sizes.queries(), 1));
    boolean isCausal = b.attributes().flag("causal", true);
    String last = isCausal ? query : b.reshaped(long64(b, b.input(5)), -1, 1, 1, 1);
    String hidden = b.add("Greater", key, last);
    long window = b.attributes().integer("local_window_size", -1);
    if (window > 0) {
      String first = b.add("Sub", query, b.longs(window));
      hidden = b.add("Or", hidden, b.add("LessOrEqual", key, first));
    }
    String mask = b.add("Where", hidden, b.number(Double.NEGATIVE_INFINITY), b.number(0));
    if (!b.has(10)) {
      return mask;
    }
    long more = sizes.present() - b.shape(10).dim(3);
    String added =
        more == 0 ? b.input(10) : b.add("Pad", b.input(10), b.longs(0, 0, 0, 0, 0, 0, 0, more));
    return b.add("Add", mask, added);
  }

  /** Attention of which a sink takes a share in each head. */
  private static String sunk(
      Body b, AttentionSizes sizes, String q, String k, String v, String mask, double cap) {
    String turned = b.transposed(repeated(b, sizes, k), 0, 1, 3, 2);
    String scores = b.add("Mul", b.add("MatMul", q, turned), b.number(scale(b, sizes)));
    if (cap != 0) {
      String share = b.add("Div", scores, b.number(cap));
      scores = b.add("Mul", b.add("Tanh", share), b.number(cap));
    }
    String sink = b.has(11) ? b.reshaped(b.input(11), 1, -1, 1, 1) : b.number(0);
    String column =
        b.add("Expand", sink, b.longs(sizes.batch(), sizes.heads(), sizes.queries(), 1));
    String all = b.add("Concat", Attributes.of("axis", 3), b.add("Add", scores, mask), column);
    String shares = slice(b, b.add("Softmax", all), 3, 0, sizes.present());
    return b.add("MatMul", shares, repeated(b, sizes, v));
  }

  private static String repeated(Body b, AttentionSizes sizes, String keys) {
    Shape shape = b.shape(keys);
    long group = sizes.heads() / sizes.keyHeads();
    String one = b.add("Unsqueeze", keys, b.longs(2));
    String all = b.longs(shape.dim(0), shape.dim(1), group, shape.dim(2), shape.dim(3));
    String wide = b.add("Expand", one, all);
    return b.reshaped(wide, shape.dim(0), sizes.heads(), shape.dim(2), shape.dim(3));
  }

  private static String packed(Body b) {
    Shape q = b.shape(0);
    long tokens = q.dim(0);
    long heads = b.attributes().integer("num_heads");
    if (b.has(6)) {
      throw new DataDependentException(b.input(6));
    }
    long width = b.in().output(0).shape().dim(1);
    long keyWidth = b.has(1) ? q.dim(1) : width;
    AttentionSizes sizes =
        new AttentionSizes(
            1, heads, heads, tokens, tokens, tokens, tokens, keyWidth / heads, width / heads);
    List<String> split = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      String each =
          b.has(1)
              ? b.input(i)
              : b.add("Gather", Attributes.of("axis", 2), b.input(0), b.constant(Tensor.ofLong(i)));
      split.add(b.reshaped(each, 1, tokens, -1));
    }
    split = new ArrayList<>(biased(b, sizes, 3, split));
    String ends = slice(b, b.input(5), 0, 1, b.shape(5).dim(0));
    String isPassed =
        b.add("GreaterOrEqual", range(b, tokens, 1), b.reshaped(long64(b, ends), 1, -1));
    String sequence =
        b.add("ReduceSum", Attributes.of("keepdims", 0), long64(b, isPassed), b.longs(1));
    split.add(b.add("Equal", b.reshaped(sequence, -1, 1), b.reshaped(sequence, 1, -1)));
    return b.reshaped(attention(b, sizes, 1, 0, split).get(0), tokens, -1);
  }

  private static String rotary(Body b) {
    Shape shape = b.shape(0);
    boolean isPacked = shape.rank() == 3;
    long turned = 2 * b.shape(2).dim(1);
    long asked = b.attributes().integer("num_heads", 0);
    long heads = asked > 0 ? asked : isPacked ? shape.dim(2) / turned : shape.dim(1);
    long tokens = shape.dim(isPacked ? 1 : 2);
    String positions = b.input(1);
    if (b.shape(1).elements() == 1) {
      String all = b.add("Add", range(b, 1, tokens), b.reshaped(positions, 1));
      positions = b.add("Expand", all, b.longs(shape.dim(0), tokens));
    }
    String x = isPacked ? heads(b, b.input(0), heads) : b.input(0);
    String y = rotated(b, x, 2, positions, b.attributes().integer("interleaved", 0));
    return isPacked ? joined(b, y) : y;
  }

  /** A table of (buckets, heads), column by column, at the buckets of distances as T5 has them. */
  private static String relativeBias(Body b) {
    long queries = b.in().requireLongs(1)[0];
    long keys = b.in().requireLongs(2)[0];
    long buckets = b.shape(0).dim(0);
    long most = b.attributes().integer("max_distance");
    boolean isBothWays = b.attributes().flag("is_bidirectional", false);
    long[] at = new long[Math.toIntExact(queries * keys)];
    for (int i = 0; i < at.length; i++) {
      at[i] = bucket(i % keys - i / keys, buckets, most, isBothWays);
    }
    String table = b.reshaped(b.input(0), b.shape(0).dim(1), buckets);
    String found =
        b.add(
            "Gather",
            Attributes.of("axis", 1),
            table,
            b.constant(DenseTensor.ofLongs(Shape.of(queries, keys), at)));
    return b.add("Unsqueeze", found, b.longs(0));
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
    String q = heads(b, b.add("Add", b.input(0), b.input(1)), heads);
    String gates = b.add("Add", b.add("MatMul", q, b.input(3)), b.input(4));
    Shape shape = b.shape(gates);
    String halves = b.reshaped(gates, shape.dim(0), heads, shape.dim(2), 2, -1);
    String sums = b.add("ReduceSum", Attributes.of("keepdims", 0), halves, b.longs(4));
    List<String> both =
        b.add(2, "Split", Attributes.of("axis", 3, "num_outputs", 2), b.add("Sigmoid", sums));
    String one = number(b, 1);
    String rest = b.add("Sub", b.add("Mul", both.get(1), b.input(5)), one);
    String gate = b.add("Add", b.add("Mul", both.get(0), rest), number(b, 2));
    return b.add("Mul", gate, b.input(2));
  }

  private static String number(Body b, double value) {
    TensorType type = new TensorType(b.in().type(0).type(), Shape.SCALAR);
    return b.constant(DenseTensor.ofDoubles(type, value));
  }
}
