package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.SoftmaxWork;
import dev.flopmeter.run.cudnn.plan.Storage;
import dev.flopmeter.run.cudnn.plan.View;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Attention as ONNX has it, and as exporters spell it in products and a softmax. */
final class AttentionSteps {
  /** Elements of a mask that are looked through. */
  private static final long MOST_SEARCHED = 1 << 22;

  /** What is added to a score that is hidden. */
  private static final double HIDDEN = -1e4;

  private AttentionSteps() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Attention", node -> new OnnxAttention(node).plan());
    operators.put("RotaryEmbedding", RotaryEmbedding::plan);
  }

  /** The nodes of an attention as one step. */
  static void fused(NodePlan node, Fused.Attention rest) {
    View q = node.draft().formatted(rest.queries(), Format.PLAIN);
    View source = keys(node, rest.turnedKeys());
    View values = node.draft().formatted(rest.values(), Format.PLAIN);
    List<View> reads = new ArrayList<>(List.of(q, source, values));
    View y = node.out(0);
    List<View> writes = new ArrayList<>(List.of(y));
    List<Work> works = new ArrayList<>();
    View keys = widthInnermost(node, source, writes, works);
    View added = null;
    if (rest.mask() != null) {
      added = node.draft().formatted(rest.mask(), Format.PLAIN);
      reads.add(added);
    }
    Shape shape = q.shape().with(3, keys.dim(3));
    View scores = node.scratch("scores", shape, q.storage());
    View shares = node.scratch("shares", shape, q.storage());
    writes.addAll(List.of(scores, shares));
    List<Work> apart = apart(q, keys, values, added, y, rest.scale(), scores, shares);
    boolean isCausal =
        rest.mask() != null
            && node.draft()
                .graph()
                .constant(rest.mask())
                .filter(AttentionSteps::isCausal)
                .isPresent();
    works.add(
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
    node.emit(reads, writes, works);
  }

  private static View keys(NodePlan node, @Nullable Node turned) {
    if (turned == null) {
      return node.in(1);
    }
    View source = node.draft().formatted(turned.inputs().get(0), Format.PLAIN);
    long[] order = turned.attributes().integers("perm", 3, 2, 1, 0);
    return source.permuted(
        Arrays.stream(order).mapToInt(axis -> source.shape().axis(axis)).toArray());
  }

  /** Keys (batch, head, width, key) as cuDNN's fused attention takes them, copied if need be. */
  private static View widthInnermost(
      NodePlan node, View keys, List<View> writes, List<Work> works) {
    if (keys.storage() == Storage.F32 || keys.dim(2) == 1 || keys.stride(2) == 1) {
      return keys;
    }
    View turned = keys.permuted(0, 1, 3, 2);
    View copy = node.scratch("keys", turned.shape(), keys.storage());
    writes.add(copy);
    works.add(Copies.copy(turned, copy));
    return copy.permuted(0, 1, 3, 2);
  }

  /** Step by step over the scores and shares. */
  static List<Work> apart(
      View q,
      View keys,
      View values,
      @Nullable View added,
      View y,
      double scale,
      View scores,
      View shares) {
    List<Work> apart = new ArrayList<>();
    apart.add(Products.work(q, keys, scores, scale));
    if (added != null) {
      apart.add(Binary.work(Binary.Kind.ADD, scores, added, scores));
    }
    long rows = scores.elements() / Math.max(1, scores.dim(3));
    apart.add(new SoftmaxWork(scores, shares, rows, scores.dim(3), 1, false));
    apart.add(Products.work(shares, values, y, 1));
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
