package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.TensorView;

/** ONNX's {@code RotaryEmbedding} with our kernel {@code rotate}. */
final class RotaryEmbedding {
  private static final int POSITIONS = 3;

  private RotaryEmbedding() {}

  static void plan(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView cosine = node.plain(1);
    TensorView sine = node.plain(2);
    TensorView positions = node.plainOrNull(POSITIONS);
    TensorView y = node.out(0);
    long heads = x.rank() == 3 ? node.attributes().integer("num_heads") : x.dim(1);
    TensorView headed = Heads.split(x, heads);
    long width = headed.dim(3);
    long rotated = node.attributes().integer("rotary_embedding_dim", 0);
    node.launch(
        "rotate",
        x.elements(),
        new Arguments()
            .pointers(x, y, cosine, sine)
            .pointerOrNull(positions)
            .numbers(x.elements())
            .numbers(headed.stride(0), headed.stride(2), headed.stride(1))
            .numbers(headed.dim(2), heads, width)
            .integer(rotated == 0 ? width : rotated)
            .integer(node.attributes().integer("interleaved", 0))
            .types(x));
  }
}
