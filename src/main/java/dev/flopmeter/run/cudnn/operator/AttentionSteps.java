package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.fuse.Fused;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Attention as exporters write it, in products and a softmax. */
final class AttentionSteps {
  /** Maximum number of elements of a mask to check. */
  private static final long MOST_SEARCHED = 1 << 22;

  /** What is added to a score that is hidden. */
  private static final double HIDDEN = -1e4;

  private AttentionSteps() {}

  /** Queries, keys, values, the mask or none, whether it is causal, and the scale. */
  static List<Object> operands(NodePlan node, Fused.Attention fused) {
    PlanBuilder builder = node.builder();
    String mask = fused.mask();
    return List.of(
        builder.formatted(fused.queries(), MemoryLayout.PLAIN),
        keys(node, fused.turnedKeys()),
        builder.formatted(fused.values(), MemoryLayout.PLAIN),
        mask == null ? Value.NONE : builder.formatted(mask, MemoryLayout.PLAIN),
        mask != null && builder.graph().constant(mask).filter(AttentionSteps::isCausal).isPresent(),
        fused.scale());
  }

  private static TensorView keys(NodePlan node, @Nullable Node turned) {
    if (turned == null) {
      return node.builder().value(node.node().inputs().get(1));
    }
    TensorView source = node.builder().formatted(turned.inputs().get(0), MemoryLayout.PLAIN);
    long[] order = turned.attributes().integers("perm", 3, 2, 1, 0);
    return source.permuted(
        Arrays.stream(order).mapToInt(axis -> source.shape().axis(axis)).toArray());
  }

  /** Whether a mask hides exactly the keys after the query. */
  static boolean isCausal(Tensor mask) {
    int rank = mask.shape().rank();
    if (rank < 2 || mask.elements() > MOST_SEARCHED || mask.elements() == 0) {
      return false;
    }
    long queries = mask.shape().dim(-2);
    long keys = mask.shape().dim(-1);
    if (queries * keys != mask.elements() || queries != keys) {
      return false;
    }
    for (long query = 0; query < queries; query++) {
      for (long key = 0; key < keys; key++) {
        double value = mask.doubleAt(query * keys + key);
        if (key > query ? value > HIDDEN : value != 0) {
          return false;
        }
      }
    }
    return true;
  }
}
