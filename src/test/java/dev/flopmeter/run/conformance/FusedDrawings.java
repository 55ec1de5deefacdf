package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Operators that ONNX Runtime's optimiser makes of several nodes, and inverses. */
final class FusedDrawings {
  private static final String[] ACTIVATIONS = {"Relu", "Tanh", "Sigmoid"};

  private FusedDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("Inverse", FusedDrawings::inverse);
    drawings.put("Gelu", node -> node.fed(wide(node, dims(node))));
    drawings.put("BiasGelu", FusedDrawings::biasGelu);
    drawings.put("FastGelu", FusedDrawings::fastGelu);
    drawings.put("QuickGelu", FusedDrawings::quickGelu);
    drawings.put("FusedMatMul", FusedDrawings::product);
    drawings.put("FusedGemm", FusedDrawings::gemm);
    drawings.put("FusedConv", FusedDrawings::convolution);
    drawings.put("SkipLayerNormalization", FusedDrawings::skipNorm);
    drawings.put("EmbedLayerNormalization", FusedDrawings::embedding);
    drawings.put("Unique", FusedDrawings::unique);
  }

  private static long[] dims(SweptNode node) {
    return new long[] {node.between(1, 3), node.between(1, 7), node.between(1, 33)};
  }

  private static Tensor wide(SweptNode node, long... dims) {
    return node.values(DataType.FLOAT, -6, 6, dims);
  }

  /** Well-conditioned: the diagonal dominates the rest of its row. */
  private static void inverse(SweptNode node) {
    int n = (int) node.between(1, 12);
    long batch = node.between(1, 4);
    float[] values = node.floats(batch, n, n).toFloats();
    for (int i = 0; i < batch * n; i++) {
      values[i * n + i % n] += node.chance() ? n : -n;
    }
    var shape = Shape.of(batch, n, n);
    node.fed(Tensor.ofFloats(node.chance() || batch > 1 ? shape : shape.without(0), values));
  }

  private static void biasGelu(SweptNode node) {
    long[] dims = dims(node);
    node.fed(wide(node, dims)).either(node.floats(dims[2]));
  }

  private static void fastGelu(SweptNode node) {
    long[] dims = dims(node);
    node.within(new Tolerance(1e-3, 1e-6, 0)); // 1 + tanh cancels out of numbers around 1
    node.fed(wide(node, dims));
    if (node.chance()) {
      node.either(node.floats(dims[2]));
    }
  }

  private static void quickGelu(SweptNode node) {
    node.fed(wide(node, dims(node))).with("alpha", (float) node.real(0.5, 2));
  }

  private static void product(SweptNode node) {
    boolean turnsA = node.chance();
    boolean turnsB = node.chance();
    long rows = node.between(1, 9);
    long inner = node.between(1, 17);
    long columns = node.between(1, 9);
    long batch = node.between(1, 3);
    node.fed(turnsA ? node.floats(batch, inner, rows) : node.floats(batch, rows, inner));
    boolean isFlat = node.chance();
    if (isFlat) {
      node.either(turnsB ? node.floats(columns, inner) : node.floats(inner, columns));
    } else {
      node.either(turnsB ? node.floats(batch, columns, inner) : node.floats(batch, inner, columns));
    }
    node.with("transA", turnsA ? 1 : 0).with("transB", turnsB ? 1 : 0);
    node.with("alpha", (float) node.real(0.2, 2));
  }

  private static void activation(SweptNode node) {
    if (node.chance()) {
      node.with("activation", node.oneOf(ACTIVATIONS));
    } else if (node.toString().startsWith("FusedConv")) {
      List<Float> alpha = List.of((float) node.real(0.01, 0.5));
      node.with("activation", "LeakyRelu").with("activation_params", alpha);
    } else {
      node.with("activation", "LeakyRelu").with("activation_alpha", (float) node.real(0.01, 0.5));
    }
  }

  private static void gemm(SweptNode node) {
    boolean turnsA = node.chance();
    boolean turnsB = node.chance();
    long rows = node.between(1, 9);
    long inner = node.between(1, 17);
    long columns = node.between(1, 9);
    node.fed(turnsA ? node.floats(inner, rows) : node.floats(rows, inner));
    node.either(turnsB ? node.floats(columns, inner) : node.floats(inner, columns));
    if (node.chance()) {
      node.either(node.chance() ? node.floats(columns) : node.floats(rows, columns));
      node.with("beta", (float) node.real(0.2, 2));
    }
    node.with("transA", turnsA ? 1 : 0).with("transB", turnsB ? 1 : 0);
    node.with("alpha", (float) node.real(0.2, 2));
    activation(node);
  }

  private static void convolution(SweptNode node) {
    long group = node.between(1, 3);
    long in = group * node.between(1, 4);
    long out = group * node.between(1, 4);
    long kernel = node.between(1, 3);
    long pad = node.between(0, kernel / 2);
    long side = node.between(4, 8);
    node.with("group", group).with("pads", new long[] {pad, pad, pad, pad});
    node.fed(node.floats(2, in, side, side));
    node.stored(node.floats(out, in / group, kernel, kernel));
    boolean hasAddend = node.chance();
    if (hasAddend || node.chance()) {
      node.stored(node.floats(out));
    }
    if (hasAddend) {
      long place = side + 2 * pad - kernel + 1;
      node.fed(node.floats(2, out, place, place));
    }
    activation(node);
  }

  private static void skipNorm(SweptNode node) {
    long[] dims = dims(node);
    node.fed(node.floats(dims)).fed(node.floats(dims)).either(node.floats(dims[2]));
    boolean hasBias = node.chance();
    if (hasBias || node.chance()) {
      node.either(node.floats(dims[2]));
      if (hasBias) {
        node.either(node.floats(dims[2]));
      }
    }
    node.with("epsilon", 1e-3f);
    if (node.chance()) {
      node.outputs(0, 3);
    }
  }

  private static void embedding(SweptNode node) {
    long batch = node.between(1, 3);
    long length = node.between(1, 6);
    long hidden = node.between(2, 17);
    boolean hasSegments = node.chance();
    node.fed(node.values(DataType.INT32, 0, 9, batch, length));
    if (hasSegments) {
      node.fed(node.values(DataType.INT32, 0, 2, batch, length));
    } else {
      node.nothing();
    }
    node.stored(node.floats(9, hidden)).stored(node.floats(6, hidden));
    if (hasSegments) {
      node.stored(node.floats(2, hidden));
    } else {
      node.nothing();
    }
    node.stored(node.floats(hidden)).stored(node.floats(hidden)).with("epsilon", 1e-3f);
    node.outputs(0, 1);
  }

  private static void unique(SweptNode node) {
    node.fed(Tensor.ofFloats(Shape.of(9), few(node, 9))).outputs(0, 1, 2);
  }

  private static float[] few(SweptNode node, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = node.between(-2, 2);
    }
    return values;
  }
}
