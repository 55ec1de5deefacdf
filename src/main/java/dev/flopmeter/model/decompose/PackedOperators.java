package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.List;

/**
 * Products with weights packed into a few bits, and mixtures of experts, of the domain {@code
 * com.microsoft}: the weights are unpacked when the network is loaded.
 */
final class PackedOperators {
  private PackedOperators() {}

  static void addTo(BodyTable table) {
    table.put("MatMulNBits", PackedOperators::byBlocks);
    table.put(
        "MatMulBnb4",
        b -> {
          String weights = b.constant(PackedWeights.ofTable(b.in()));
          boolean isTurned = b.flag("transB", true);
          return b.product(b.input(0), isTurned ? b.transposed(weights, 1, 0) : weights);
        });
    table.put("MatMulFpQ4", b -> b.product(b.input(0), b.constant(PackedWeights.ofBlob(b.in()))));
    table.put("GatherBlockQuantized", PackedOperators::gather);
    table.put(
        "MoE",
        b ->
            experts(
                b,
                new Layer(b.input(2), b.input(3)),
                new Layer(b.input(4), b.input(5)),
                new Layer(b.input(6), b.input(7))));
    table.put("QMoE", b -> experts(b, unpacked(b, 2, 11), unpacked(b, 5, 12), unpacked(b, 8, 13)));
  }

  private static String byBlocks(Body b) {
    boolean isRounded = b.integer("accuracy_level", 0) == 4 && !b.has(4);
    String x = isRounded ? roundedInBlocks(b) : b.input(0);
    return b.plusInput(b.product(x, b.constant(PackedWeights.ofBlocks(b.in()))), 5);
  }

  /** The input in 8 bits, each block by its own scale, as ONNX Runtime rounds it on the CPU. */
  private static String roundedInBlocks(Body b) {
    Shape shape = b.shape(0);
    long block = b.attributes().integer("block_size");
    long length = shape.dim(-1);
    long whole = (length + block - 1) / block * block;
    String rows = b.reshaped(b.input(0), -1, length);
    String padded = whole == length ? rows : b.add("Pad", rows, b.longs(0, 0, 0, whole - length));
    String blocks = b.reshaped(padded, -1, whole / block, block);
    String largest = b.add("ReduceMax", b.add("Abs", blocks), b.longs(2));
    String scale = b.add("Max", b.over(largest, b.numberAsInput(127)), b.numberAsInput(1e-7));
    String rounded = b.times(b.add("Round", b.over(blocks, scale)), scale);
    String wide = b.reshaped(rounded, -1, whole);
    String cut = b.slice(wide, 1, 0, length);
    return b.reshaped(cut, shape.dims());
  }

  /** The rows of a table, or along an axis in front of the one that is cut into blocks. */
  private static String gather(Body b) {
    Tensor table = PackedWeights.ofGathered(b.in(), b.integer("bits", 4));
    long axis = table.shape().axis(b.integer("gather_axis", 0));
    return b.gather(b.constant(table), axis, b.input(1));
  }

  /** Weights (experts x out x in) and a bias for each expert; empty where there are none. */
  private record Layer(String weights, String bias) {
    /**
     * @param x (experts or 1) x tokens x in
     */
    String of(Body b, String x) {
      String y = b.product(x, b.transposed(weights, 0, 2, 1));
      return bias.isEmpty() ? y : b.plus(y, b.unsqueezed(bias, 1));
    }
  }

  private static Layer unpacked(Body b, int input, int zeros) {
    if (!b.has(input)) {
      return new Layer("", "");
    }
    long bits = b.integer("expert_weight_bits", 4);
    String own = "fc" + (input + 1) / 3 + "_expert_weight_bits";
    Tensor weights = PackedWeights.ofExperts(b.in(), input, zeros, b.integer(own, bits));
    return new Layer(b.constant(weights), b.input(input + 2));
  }

  /**
   * Two layers of each expert, weighted by the softmax over all experts where an expert is among
   * the first {@code k}, else by 0.
   */
  private static String experts(Body b, Layer first, Layer second, Layer third) {
    Shape shape = b.shape(0);
    long experts = b.shape(1).dim(1);
    String x = b.reshaped(b.input(0), 1, -1, shape.dim(-1));
    String hidden = activated(b, first.of(b, x), third.weights().isEmpty() ? "" : third.of(b, x));
    String each = second.of(b, hidden);
    String weighted = b.times(each, b.reshaped(b.transposed(shares(b), 1, 0), experts, -1, 1));
    Attributes none = Attributes.of("keepdims", 0L);
    return b.reshaped(b.add("ReduceSum", none, weighted, b.longs(0)), shape.dims());
  }

  /** What each expert counts for each token: tokens x experts. */
  private static String shares(Body b) {
    Shape scores = b.shape(1);
    if (b.flag("use_sparse_mixer", false)) {
      throw new ModelException("'use_sparse_mixer' is not supported");
    }
    boolean isWeightedApart = b.in().node().op().equals("QMoE") && b.has(14);
    String softmax = b.add("Softmax", b.input(1));
    List<String> best = b.add(2, "TopK", Attributes.NONE, softmax, b.longs(b.integer("k", 1)));
    String chosen =
        isWeightedApart
            ? b.add("GatherElements", Attributes.of("axis", 1L), b.input(14), best.get(1))
            : best.get(0);
    if (b.flag("normalize_routing_weights", false)) {
      chosen = b.over(chosen, b.add("ReduceSum", chosen, b.longs(1)));
    }
    String none = b.constant(FilledTensor.of(new TensorType(b.in().type(1).type(), scores), 0));
    return b.add("ScatterElements", Attributes.of("axis", 1L), none, best.get(1), chosen);
  }

  private static String activated(Body b, String x, String third) {
    String kind = b.text("activation_type", "relu");
    if (!third.isEmpty() && !kind.equals("swiglu")) {
      return b.times(activated(b, x, ""), third);
    }
    return switch (kind) {
      case "relu" -> b.add("Relu", x);
      case "gelu" -> b.add("Gelu", Attributes.of("approximate", "tanh"), x);
      case "silu" -> b.add("Swish", x);
      case "identity" -> x;
      case "swiglu" -> gated(b, x, third);
      default ->
          throw new ModelException("'activation_type' is '" + kind + "', which is not known");
    };
  }

  /** {@code G sigmoid(alpha G) (L + beta)} of clamped gates and values. */
  private static String gated(Body b, String x, String third) {
    String gate = x;
    String value = third;
    if (third.isEmpty()) {
      Shape both = b.shape(x);
      long half = both.dim(2) / 2;
      boolean isInterleaved = b.integer("swiglu_fusion", 0) == 1;
      String pairs =
          isInterleaved
              ? b.reshaped(x, both.dim(0), both.dim(1), half, 2)
              : b.reshaped(x, both.dim(0), both.dim(1), 2, half);
      Attributes axis = Attributes.of("axis", isInterleaved ? 3L : 2L);
      gate = b.add("Gather", axis, pairs, b.constant(Tensor.ofLong(0)));
      value = b.add("Gather", axis, pairs, b.constant(Tensor.ofLong(1)));
    }
    if (b.attributes().has("swiglu_limit")) {
      double limit = b.attributes().number("swiglu_limit");
      gate = b.add("Clip", gate, "", b.numberAsInput(limit));
      value = b.add("Clip", value, b.numberAsInput(-limit), b.numberAsInput(limit));
    }
    double alpha = b.number("activation_alpha", 1);
    String opened = b.add("Swish", Attributes.of("alpha", (float) alpha), gate);
    return b.times(opened, b.plus(value, b.numberAsInput(b.number("activation_beta", 0))));
  }
}
