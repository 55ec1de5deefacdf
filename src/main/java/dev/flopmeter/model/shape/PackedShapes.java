package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Products with packed weights and mixtures of experts (ONNX Runtime's ContribOperators.md). */
final class PackedShapes {
  private PackedShapes() {}

  private static final String DOMAIN = "com.microsoft:";

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put(DOMAIN + "MatMulNBits", PackedShapes::byBlocks);
    rules.put(DOMAIN + "MatMulBnb4", PackedShapes::byTable);
    rules.put(DOMAIN + "MatMulFpQ4", PackedShapes::byBlob);
    rules.put(DOMAIN + "GatherBlockQuantized", PackedShapes::gather);
    rules.put(DOMAIN + "MoE", in -> experts(in, 2, 4, 6, false));
    rules.put(DOMAIN + "QMoE", in -> experts(in, 2, 5, 8, true));
  }

  private static List<TensorType> byBlocks(Operands in) {
    long n = positive(in, "N");
    long k = positive(in, "K");
    long bits = in.attributes().integer("bits", 4);
    requireBits(bits);
    long block = blockSize(in.attributes().integer("block_size"));
    long blocks = (k + block - 1) / block;
    requireElements(in, 1, "B", Sizes.product(n, blocks, block * bits / 8));
    requireElements(in, 2, "scales", Sizes.multiply(n, blocks));
    Quantization.requireScale(in, 2, true);
    if (in.has(3)) {
      boolean isPacked = in.type(3).type() == DataType.UINT8;
      long perRow = isPacked ? (blocks * bits + 7) / 8 : blocks;
      requireElements(in, 3, "zero_points", Sizes.multiply(n, perRow));
    }
    if (in.has(5)) {
      requireElements(in, 5, "bias", n);
    }
    return product(in, k, n);
  }

  private static List<TensorType> byTable(Operands in) {
    long n = positive(in, "N");
    long k = positive(in, "K");
    long block = blockSize(in.attributes().integer("block_size"));
    long kind = in.attributes().integer("quant_type");
    if (kind != 0 && kind != 1) {
      throw new ModelException("'quant_type' is " + kind + ", not 0 (FP4) or 1 (NF4)");
    }
    long weights = Sizes.multiply(n, k);
    requireElements(in, 1, "B", (weights + 1) / 2);
    requireElements(in, 2, "absmax", (weights + block - 1) / block);
    boolean isTurned = in.attributes().flag("transB", true);
    return product(in, isTurned ? k : n, isTurned ? n : k);
  }

  /** The shape of the weights is an input of its own. */
  private static List<TensorType> byBlob(Operands in) {
    long[] shape = in.requireLongs(2);
    if (shape.length != 2 || shape[0] < 1 || shape[1] < 1) {
      throw new ModelException("'B_shape' must be 2 sizes, not " + shape.length);
    }
    long kind = in.attributes().integer("blk_quant_type", 1);
    long block = kind == 2 ? 64 : 32;
    long bytes = block / 2 + (kind == 1 ? 5 : 4);
    long blocks = (shape[0] + block - 1) / block;
    requireElements(in, 1, "B", Sizes.product(shape[1], blocks, bytes));
    return product(in, shape[0], shape[1]);
  }

  private static List<TensorType> product(Operands in, long inner, long out) {
    Shape a = in.shape(0);
    if (a.rank() < 1 || a.dim(-1) != inner) {
      throw new ModelException(
          "the input " + a + " does not fit weights of " + inner + " x " + out);
    }
    return List.of(in.type(0).withShape(a.with(a.rank() - 1, out)));
  }

  private static List<TensorType> gather(Operands in) {
    Shape data = in.shape(0);
    boolean isBytes = in.type(0).type() == DataType.UINT8;
    long bits = isBytes ? in.attributes().integer("bits", 4) : 8;
    requireBits(bits);
    int gathered = data.axis(in.attributes().integer("gather_axis", 0));
    int quantized = data.axis(in.attributes().integer("quantize_axis", 1));
    long block = blockSize(in.attributes().integer("block_size", 128));
    if (gathered == quantized || quantized != data.rank() - 1) {
      throw new ModelException(
          "'quantize_axis' is " + quantized + ", not the last axis, or also 'gather_axis'");
    }
    Shape table = data.with(data.rank() - 1, data.dim(-1) * (8 / bits));
    long blocks = (table.dim(-1) + block - 1) / block;
    requireElements(in, 2, "scales", table.with(table.rank() - 1, blocks).elements());
    Quantization.requireScale(in, 2, true);
    Shape out =
        table
            .slice(0, gathered)
            .concat(in.shape(1))
            .concat(table.slice(gathered + 1, table.rank()));
    return List.of(in.type(2).withShape(out));
  }

  /**
   * Weights of all experts: of the first layer experts x (out, twice as many for fused gates) x in,
   * of the second one the other way round.
   */
  private static List<TensorType> experts(
      Operands in, int first, int second, int third, boolean isPacked) {
    Shape x = in.shape(0);
    Shape router = in.shape(1);
    long experts = router.dim(-1);
    long k = in.attributes().integer("k", 1);
    if (router.rank() != 2 || router.dim(0) != x.elements() / Math.max(1, x.dim(-1))) {
      throw new ModelException("the router's " + router + " does not fit the input " + x);
    }
    if (k < 1 || k > experts) {
      throw new ModelException("'k' is " + k + ", not between 1 and the " + experts + " experts");
    }
    long inner = unpacked(in, second, isPacked, 2);
    boolean isFused = in.attributes().integer("swiglu_fusion", 0) > 0;
    requireMatrix(in, first, isPacked, experts, isFused ? 2 * inner : inner, x.dim(-1));
    requireMatrix(in, second, isPacked, experts, x.dim(-1), inner);
    if (in.has(third)) {
      requireMatrix(in, third, isPacked, experts, inner, x.dim(-1));
    }
    if (isPacked && in.attributes().integer("block_size", 0) != 0) {
      long block = blockSize(in.attributes().integer("block_size"));
      if (x.dim(-1) % block != 0 || inner % block != 0) {
        throw new ModelException(
            "'block_size' is " + block + ", which does not divide " + x.dim(-1) + " and " + inner);
      }
    }
    return List.of(in.type(0));
  }

  private static void requireMatrix(
      Operands in, int input, boolean isPacked, long experts, long rows, long columns) {
    Shape shape = in.shape(input);
    if (shape.rank() != 3
        || shape.dim(0) != experts
        || shape.dim(1) != rows
        || unpacked(in, input, isPacked, 2) != columns) {
      throw new ModelException(
          "input " + input + ", " + shape + ", must hold " + Shape.of(experts, rows, columns));
    }
  }

  /** A size in weights, of which a byte holds several. */
  private static long unpacked(Operands in, int input, boolean isPacked, int axis) {
    long size = in.shape(input).dim(axis);
    if (!isPacked) {
      return size;
    }
    long bits = in.attributes().integer("expert_weight_bits", 4);
    long own = in.attributes().integer("fc" + (input + 1) / 3 + "_expert_weight_bits", bits);
    requireBits(own);
    return size * 8 / own;
  }

  private static void requireBits(long bits) {
    if (bits != 2 && bits != 4 && bits != 8) {
      throw new ModelException("'bits' is " + bits + ", not 2, 4 or 8");
    }
  }

  private static long blockSize(long block) {
    if (block < 16 || Long.bitCount(block) != 1) {
      throw new ModelException("'block_size' is " + block + ", not a power of two of at least 16");
    }
    return block;
  }

  private static void requireElements(Operands in, int input, String name, long elements) {
    TensorType type = in.type(input);
    if (type.elements() != elements) {
      throw new ModelException(
          "'" + name + "' is " + type + "; the attributes ask for " + elements + " elements");
    }
  }

  private static long positive(Operands in, String attribute) {
    long value = in.attributes().integer(attribute);
    if (value < 1) {
      throw new ModelException("'" + attribute + "' is " + value + ", not at least 1");
    }
    return value;
  }
}
