package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Products with weights packed into a few bits, tables of such weights, and mixtures of experts.
 */
final class PackedDrawings {
  private PackedDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("MatMulNBits", PackedDrawings::byBlocks);
    drawings.put("MatMulBnb4", PackedDrawings::byTable);
    drawings.put("MatMulFpQ4", PackedDrawings::byBlob);
    drawings.put("GatherBlockQuantized", PackedDrawings::gather);
    drawings.put("MoE", PackedDrawings::experts);
    drawings.put("QMoE", PackedDrawings::packedExperts);
  }

  private static Tensor bytes(SweptNode node, long... dims) {
    return node.values(DataType.UINT8, 0, 256, dims);
  }

  private static void fedRows(SweptNode node, long width) {
    node.fed(
        node.chance()
            ? node.floats(node.between(1, 5), width)
            : node.floats(node.between(1, 3), node.between(1, 4), width));
  }

  private static void byBlocks(SweptNode node) {
    long n = node.between(1, 9);
    long block = node.oneOf(16L, 32L, 64L);
    long bits = node.oneOf(4L, 4L, 8L, 2L);
    // ONNX Runtime packs and unpacks whole blocks of 2 bits only.
    long k = bits == 2 ? block * node.between(1, 3) : node.between(1, 150);
    long blocks = (k + block - 1) / block;
    node.with("K", k).with("N", n).with("bits", bits).with("block_size", block);
    if (bits > 2) {
      node.with("accuracy_level", node.oneOf(0, 1, 4));
    }
    fedRows(node, k);
    node.stored(bytes(node, n, blocks, block * bits / 8));
    node.stored(node.values(DataType.FLOAT, -0.1, 0.1, n, blocks));
    if (node.chance()) {
      node.stored(bytes(node, n, (blocks * bits + 7) / 8));
    } else {
      node.nothing();
    }
    if (node.chance()) {
      node.nothing().either(node.floats(n));
    }
  }

  private static void byTable(SweptNode node) {
    long n = node.between(1, 9);
    long block = node.oneOf(16L, 32L, 64L);
    long k = block * node.between(1, 4);
    node.with("K", k).with("N", n).with("block_size", block);
    node.with("quant_type", node.between(0, 1));
    fedRows(node, k);
    node.stored(bytes(node, (n * k + 1) / 2));
    node.stored(node.values(DataType.FLOAT, 0.01, 1, (n * k + block - 1) / block));
  }

  private static void byBlob(SweptNode node) {
    int kind = (int) node.between(0, 1); // ONNX Runtime has no CPU kernel for the third
    int block = kind == 2 ? 64 : 32;
    int size = block / 2 + (kind == 1 ? 5 : 4);
    int k = (int) node.between(1, 150);
    int n = (int) node.between(1, 6);
    int blocks = n * ((k + block - 1) / block);
    ByteBuffer blob = ByteBuffer.allocate(blocks * size).order(ByteOrder.LITTLE_ENDIAN);
    Tensor codes = bytes(node, blocks * size);
    for (int i = 0; i < blocks * size; i++) {
      blob.put(i, (byte) codes.longAt(i));
    }
    for (int i = 0; i < blocks; i++) {
      blob.putFloat(i * size, (float) node.real(-0.1, 0.1));
      if (kind == 1) {
        blob.put(i * size + 4, (byte) node.between(0, 15));
      }
    }
    node.with("blk_quant_type", kind).fed(node.floats(node.between(1, 5), k));
    node.stored(DenseTensor.of(TensorType.of(DataType.UINT8, blocks * size), blob));
    node.stored(Tensor.ofLongs(k, n));
  }

  private static void gather(SweptNode node) {
    long rows = node.between(1, 9);
    long block = node.oneOf(16L, 32L);
    long width = block * node.between(1, 3);
    long bits = node.oneOf(4L, 8L);
    node.with("block_size", block).with("quantize_axis", 1).with("gather_axis", 0);
    boolean isBytes = node.chance();
    DataType narrow = node.oneOf(DataType.UINT4, DataType.INT4);
    if (isBytes) {
      node.with("bits", bits).stored(bytes(node, rows, width * bits / 8));
    } else {
      double low = narrow == DataType.UINT4 ? 0 : -8;
      node.stored(node.values(narrow, low, low + 16, rows, width));
    }
    long[] at = node.chance() ? new long[] {node.between(1, 5)} : new long[] {2, 3};
    node.fed(node.values(node.oneOf(DataType.INT32, DataType.INT64), -rows, rows, at));
    node.stored(node.values(DataType.FLOAT, -0.1, 0.1, rows, width / block));
    if (node.chance()) {
      double low = narrow == DataType.INT4 && !isBytes ? -8 : 0;
      long blocks = width / block;
      node.stored(
          isBytes
              ? bytes(node, rows, (blocks * bits + 7) / 8)
              : node.values(narrow, low, low + 16, rows, blocks));
    }
  }

  private static void experts(SweptNode node) {
    Mixture mixture = new Mixture(node);
    node.fed(mixture.tokens()).fed(node.floats(mixture.rows(), mixture.experts()));
    node.either(node.floats(mixture.experts(), mixture.wide(), mixture.width()));
    bias(node, mixture.experts(), mixture.wide());
    node.either(node.floats(mixture.experts(), mixture.width(), mixture.inner()));
    bias(node, mixture.experts(), mixture.width());
  }

  private static void bias(SweptNode node, long experts, long width) {
    if (node.chance()) {
      node.either(node.floats(experts, width));
    } else {
      node.nothing();
    }
  }

  private static void packedExperts(SweptNode node) {
    Mixture mixture = new Mixture(node);
    long bits = node.oneOf(4L, 8L);
    long block = node.chance() ? 16 : 0;
    // ONNX Runtime normalises on the CPU even if the attribute says no.
    node.with("expert_weight_bits", bits).with("weights_prepacked", 0);
    node.with("normalize_routing_weights", 1);
    if (block > 0) {
      node.with("block_size", block);
    }
    node.fed(mixture.tokens()).fed(node.floats(mixture.rows(), mixture.experts()));
    for (long[] layer :
        new long[][] {{mixture.wide(), mixture.width()}, {mixture.width(), mixture.inner()}}) {
      node.stored(bytes(node, mixture.experts(), layer[0], layer[1] * bits / 8));
      Tensor scales =
          block > 0
              ? node.values(
                  DataType.FLOAT, 0.01, 0.1, mixture.experts(), layer[0], layer[1] / block)
              : node.values(DataType.FLOAT, 0.01, 0.1, mixture.experts(), layer[0]);
      node.stored(scales);
      bias(node, mixture.experts(), layer[0]);
    }
  }

  /** Sizes of a mixture of experts, with its attributes. */
  private record Mixture(
      Tensor tokens, long rows, long experts, long width, long inner, long wide) {
    Mixture(SweptNode node) {
      this(node, node.between(1, 5), node.between(1, 4), node.chance());
    }

    private Mixture(SweptNode node, long rows, long experts, boolean isGated) {
      this(node.floats(1, rows, 32), rows, experts, 32, 16, isGated ? 32 : 16);
      node.with("k", node.between(1, experts));
      node.with("normalize_routing_weights", node.between(0, 1));
      node.with(
          "activation_type", isGated ? "swiglu" : node.oneOf("relu", "gelu", "silu", "identity"));
      if (isGated) {
        node.with("swiglu_fusion", 1);
        node.with("activation_alpha", (float) node.real(0.5, 2));
        node.with("activation_beta", (float) node.real(0, 1));
        node.with("swiglu_limit", (float) node.real(0.5, 2));
      }
    }
  }
}
