package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Attention as exporters spell it, in products and a softmax. */
final class AttentionSteps {
  /** Elements of a mask that are looked through. */
  private static final long MOST_SEARCHED = 1 << 22;

  /** What is added to a score that is hidden. */
  private static final double HIDDEN = -1e4;

  private AttentionSteps() {}

  /** The nodes of an attention as one step. */
  static void fused(NodePlan node, Fused.Attention rest) {
    TensorView q = node.builder().formatted(rest.queries(), MemoryLayout.PLAIN);
    TensorView source = keys(node, rest.turnedKeys());
    TensorView values = node.builder().formatted(rest.values(), MemoryLayout.PLAIN);
    TensorView y = node.out(0);
    TensorView keys = widthInnermost(node, source);
    TensorView added = null;
    if (rest.mask() != null) {
      added = node.builder().formatted(rest.mask(), MemoryLayout.PLAIN);
    }
    List<Work> apart = apart(node, q, keys, values, added, y, rest.scale());
    boolean isCausal =
        rest.mask() != null
            && node.builder()
                .graph()
                .constant(rest.mask())
                .filter(AttentionSteps::isCausal)
                .isPresent();
    node.launch(
        new AttentionWork(
            q,
            keys,
            values,
            isCausal ? null : added,
            isCausal ? new AttentionWork.Causal(0) : null,
            y,
            rest.scale(),
            null,
            apart));
  }

  private static TensorView keys(NodePlan node, @Nullable Node turned) {
    if (turned == null) {
      return node.in(1);
    }
    TensorView source = node.builder().formatted(turned.inputs().get(0), MemoryLayout.PLAIN);
    long[] order = turned.attributes().integers("perm", 3, 2, 1, 0);
    return source.permuted(
        Arrays.stream(order).mapToInt(axis -> source.shape().axis(axis)).toArray());
  }

  /** Keys (batch, head, width, key) as cuDNN's fused attention takes them, copied if need be. */
  private static TensorView widthInnermost(NodePlan node, TensorView keys) {
    if (keys.storage() == ElementType.F32 || keys.dim(2) == 1 || keys.stride(2) == 1) {
      return keys;
    }
    TensorView turned = keys.permuted(0, 1, 3, 2);
    TensorView copy = node.scratch("keys", turned.shape(), keys.storage());
    node.launch(CopyKernels.copy(turned, copy));
    return copy.permuted(0, 1, 3, 2);
  }

  /** Step by step over the scores and shares. */
  private static List<Work> apart(
      NodePlan node,
      TensorView q,
      TensorView keys,
      TensorView values,
      @Nullable TensorView added,
      TensorView y,
      double scale) {
    Shape shape = q.shape().with(3, keys.dim(3));
    TensorView scores = node.scratch("scores", shape, q.storage());
    TensorView shares = node.scratch("shares", shape, q.storage());
    List<Work> apart = new ArrayList<>();
    apart.add(new ProductWork(q, keys, scores, scale));
    if (added != null) {
      apart.add(Binary.ADD.work(scores, added, scores));
    }
    apart.add(Reductions.softmax(scores, shares));
    apart.add(new ProductWork(shares, values, y, 1));
    return apart;
  }

  /** Whether a mask hides exactly the keys that are later than the query. */
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
