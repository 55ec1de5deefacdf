package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.List;

/** ONNX's {@code RotaryEmbedding} with our kernel {@code rotate}. */
final class RotaryEmbedding {
  private static final int POSITIONS = 3;

  private RotaryEmbedding() {}

  static void plan(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView cosine = node.plain(1);
    TensorView sine = node.plain(2);
    List<TensorView> reads = new ArrayList<>(List.of(x, cosine, sine));
    TensorView positions = null;
    if (node.has(POSITIONS)) {
      positions = node.plain(POSITIONS);
      reads.add(positions);
    }
    TensorView y = node.out(0);
    long heads = x.rank() == 3 ? node.attributes().integer("num_heads") : x.dim(1);
    TensorView headed = Heads.split(x, heads);
    long width = headed.dim(3);
    long rotated = node.attributes().integer("rotary_embedding_dim", 0);
    node.emit(
        reads,
        List.of(y),
        KernelWork.perElement(
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
                .integers(x.storage().code(), 0)));
  }
}
