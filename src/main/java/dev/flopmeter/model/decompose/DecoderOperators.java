package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Gates, normalisations and projections that decoders of language models fuse (source: the schemas
 * of ONNX Runtime 1.32). They are computed in the type of their input, which ONNX Runtime widens.
 */
final class DecoderOperators {
  private static final String DOMAIN = "com.microsoft:";

  private DecoderOperators() {}

  static void addTo(BodyTable table) {
    table.put(
        "ScaledSiLU",
        b -> {
          String scale = b.has(1) ? b.input(1) : b.numberAsInput(b.number("alpha", 1));
          return silu(b, b.times(b.input(0), scale));
        });
    table.put("SwiGLU", DecoderOperators::swiGlu);
    table.put(
        "GatedAdd",
        b -> {
          String gate = b.input(2);
          gate = b.has(3) ? b.add("Sigmoid", b.product(gate, b.input(3))) : gate;
          return b.plus(b.input(0), b.times(b.input(1), gate));
        });
    table.put(
        "GatedRMSNorm",
        b -> {
          long width = b.shape(1).elements();
          String rows = b.reshaped(b.input(0), -1, width);
          String y = b.add("RMSNormalization", ContribOperators.epsilon(b), rows, b.input(1));
          String gate = b.input(2);
          boolean isSigmoid = b.text("activation", "silu").equals("sigmoid");
          gate = isSigmoid ? b.add("Sigmoid", gate) : silu(b, gate);
          return b.times(b.reshaped(y, b.shape(0).dims()), gate);
        });
    table.put("BranchwiseRMSNorm", DecoderOperators::branches);
    table.putAll(
        "LinearAttentionGate",
        b -> {
          DataType wide = b.in().type(1).type();
          String sum = b.plus(b.cast(b.input(0), wide), b.input(1));
          String decay = b.times(b.add("Softplus", sum), b.input(2));
          decay = b.cast(decay, b.in().type(0).type());
          return b.has(3) ? List.of(decay, b.add("Sigmoid", b.input(3))) : List.of(decay);
        });
    table.putAll(
        "GemmaRotaryEmbedding",
        b -> {
          DataType type = b.in().type(1).type();
          String sine = b.unsqueezed(b.cast(b.add("Sin", b.input(0)), type), 1);
          String cosine = b.unsqueezed(b.cast(b.add("Cos", b.input(0)), type), 1);
          return IntStream.of(1, 3)
              .mapToObj(i -> b.plus(b.times(b.input(i), cosine), b.times(b.input(i + 1), sine)))
              .toList();
        });
    table.putAll(
        "RouterGateUpProj",
        b -> {
          String y = b.product(b.input(0), b.input(1));
          long routes = b.integer("router_size", 0);
          long end = b.shape(y).dim(-1);
          String both = b.slice(y, -1, routes, end);
          return List.of(b.slice(y, -1, 0, routes), swiGlu(b, b.split(2, -1, both)));
        });
    table.put("PackedAttention", DecoderOperators::packed);
    addPackedWeights(table);
  }

  private static void addPackedWeights(BodyTable table) {
    table.putAll(
        "MatMulNBitsMlp",
        b -> {
          if (!b.text("activation", "silu").equals("silu")) {
            throw new ModelException("the attribute 'activation' is not silu");
          }
          List<String> x = normalised(b);
          String gate = silu(b, projected(b, x.get(0), 3, "N"));
          return List.of(b.times(gate, projected(b, x.get(0), 6, "N")), x.get(1));
        });
    table.putAll(
        "MatMulNBitsQkv",
        b -> {
          List<String> x = normalised(b);
          return List.of(
              projected(b, x.get(0), 3, "Nq"),
              projected(b, x.get(0), 6, "Nkv"),
              projected(b, x.get(0), 9, "Nkv"),
              x.get(1));
        });
    table.put(
        "MatMulBlockQuantizedFp8Weight",
        b -> {
          DataType type = b.in().type(0).type();
          Attributes blocks = Attributes.of("axis", 1, "block_size", b.integer("block_size", 128));
          String weights = b.add("DequantizeLinear", blocks, b.input(1), b.input(2));
          String x = b.input(0);
          if (b.has(3)) {
            String small = b.over(b.cast(x, DataType.FLOAT), b.input(3));
            String rounded = b.cast(b.cast(small, DataType.FLOAT8E4M3FN), DataType.FLOAT);
            x = b.cast(b.times(rounded, b.input(3)), type);
          }
          String y = b.product(x, b.cast(b.transposed(weights, 1, 0), type));
          return b.plusInput(y, 4);
        });
  }

  private static String silu(Body b, String x) {
    return b.times(x, b.add("Sigmoid", x));
  }

  private static String swiGlu(Body b) {
    return swiGlu(b, b.has(1) ? List.of(b.input(0), b.input(1)) : b.split(2, -1, b.input(0)));
  }

  /** The gate with its sigmoid, times the other half. */
  private static String swiGlu(Body b, List<String> halves) {
    String gate = halves.get(0);
    String up = halves.get(1);
    float limit = b.number("limit", 0);
    if (limit > 0) {
      gate = b.add("Clip", gate, "", b.numberAsInput(limit));
      up = b.add("Clip", up, b.numberAsInput(-limit), b.numberAsInput(limit));
    }
    String scaled = b.times(gate, b.numberAsInput(b.number("activation_alpha", 1)));
    String shifted = b.plus(up, b.numberAsInput(b.number("activation_beta", 0)));
    return b.times(b.times(gate, b.add("Sigmoid", scaled)), shifted);
  }

  private static String branches(Body b) {
    Shape shape = b.shape(0);
    long count = b.integer("num_branches", 0);
    if (count < 0 || (count > 0 && shape.dim(-1) % count != 0)) {
      throw new ModelException("'num_branches' is " + count + ", which does not divide " + shape);
    }
    long width = count == 0 ? shape.dim(-1) : shape.dim(-1) / count;
    long branches = count == 0 ? shape.dim(-2) : count;
    String x = b.reshaped(b.input(0), -1, branches, width);
    String square = b.add("ReduceMean", b.times(x, x), b.longs(-1));
    double epsilon = b.number("epsilon", 1e-5f);
    String root = b.add("Sqrt", b.plus(square, b.numberAsInput(epsilon)));
    String y = b.over(x, root);
    if (b.has(1)) {
      boolean isShared = b.shape(1).elements() == width;
      String scale = b.cast(b.input(1), b.in().type(0).type());
      y = b.times(y, isShared ? scale : b.reshaped(scale, branches, width));
    }
    return b.reshaped(y, shape.dims());
  }

  private static String packed(Body b) {
    String all = b.plusInput(b.product(b.input(0), b.input(1)), 2);
    long width = b.shape(all).dim(-1);
    long[] sizes =
        b.attributes()
            .integers("qkv_hidden_sizes", new long[] {width / 3, width / 3, width - width / 3 * 2});
    List<String> parts = b.add(3, "Split", Attributes.of("axis", 1L), all, b.longs(sizes));
    return b.add(
        DOMAIN + "PackedMultiHeadAttention",
        b.attributes(List.of("num_heads", "scale")),
        parts.get(0),
        parts.get(1),
        parts.get(2),
        "",
        b.input(3),
        b.input(4),
        b.input(5));
  }

  /**
   * The input of packed projections, normalised if it is to be, and the sum that was normalised.
   */
  private static List<String> normalised(Body b) {
    String sum = b.plusInput(b.input(0), 1);
    String y =
        b.has(2) ? b.add("RMSNormalization", ContribOperators.epsilon(b), sum, b.input(2)) : sum;
    return List.of(y, sum);
  }

  /**
   * A product with packed weights.
   *
   * @param first of the inputs with weights, scales and bias
   * @param width the attribute with the number of outputs
   */
  private static String projected(Body b, String x, int first, String width) {
    Attributes attributes =
        b.attributes(List.of("K", "bits", "block_size", "accuracy_level"))
            .with("N", b.attributes().integer(width));
    return b.add(
        DOMAIN + "MatMulNBits",
        attributes,
        x,
        b.input(first),
        b.input(first + 1),
        "",
        "",
        b.input(first + 2));
  }
}
