package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code com.microsoft:Attention}: one product gives queries, keys and values (ONNX Runtime's
 * ContribOperators.md). Inputs: x, weights, bias, mask, past, what is added to the scores.
 */
final class ContribAttention {
  private static final int BIAS = 2;
  private static final int MASK = 3;
  private static final int PAST = 4;
  private static final int ADDED = 5;

  private final NodePlan node;
  private final long heads;
  private final long past;

  private ContribAttention(NodePlan node) {
    this.node = node;
    this.heads = node.attributes().integer("num_heads");
    this.past = node.has(PAST) ? node.shape(PAST).dim(3) : 0;
  }

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("com.microsoft:Attention", node -> new ContribAttention(node).plan());
  }

  private void plan() {
    TensorView projected = projected();
    long width = projected.dim(2) / 3;
    long[] widths = node.attributes().integers("qkv_hidden_sizes", width, width, width);
    TensorView q = Heads.split(projected.part(2, 0, widths[0]), heads);
    TensorView past = node.plainOrNull(PAST);
    TensorView present = node.outOrNull(1);
    TensorView k = withPast(projected.part(2, widths[0], widths[1]), 0, past, present);
    TensorView v = withPast(projected.part(2, widths[0] + widths[1], widths[2]), 1, past, present);
    double scale = node.attributes().number("scale", 0);
    double factor = scale == 0 ? 1 / Math.sqrt((double) widths[0] / heads) : scale;
    TensorView y = node.out(0);
    TensorView result =
        node.scratch("result", Shape.of(q.dim(0), heads, q.dim(2), v.dim(3)), y.storage());
    node.launch(attention(q, k.permuted(0, 1, 3, 2), v, result, factor));
    node.launch(CopyKernels.copy(result, Heads.split(y, heads)));
  }

  private TensorView projected() {
    TensorView x = node.plain(0);
    TensorView weights = node.plain(1);
    Shape shape = Shape.of(x.dim(0), x.dim(1), weights.dim(1));
    TensorView projected = node.scratch("projected", shape, x.storage());
    node.launch(new ProductWork(x, weights, projected, 1));
    if (node.has(BIAS)) {
      node.launch(Binary.ADD.work(projected, node.plain(BIAS), projected));
    }
    return projected;
  }

  /** Keys (0) or values (1), which are the halves of those of the past and of the present. */
  private TensorView withPast(
      TensorView packed, int which, @Nullable TensorView past, @Nullable TensorView present) {
    return AttentionSteps.withPast(
        node, Heads.split(packed, heads), half(past, which), half(present, which), "keys" + which);
  }

  private static @Nullable TensorView half(@Nullable TensorView both, int which) {
    return both == null ? null : both.part(0, which, 1).permuted(1, 2, 3, 4);
  }

  private AttentionWork attention(
      TensorView q, TensorView turned, TensorView v, TensorView result, double scale) {
    long keys = turned.dim(3);
    TensorView added = node.plainOrNull(ADDED);
    TensorView mask = node.plainOrNull(MASK);
    TensorView lengths = mask != null && mask.rank() == 1 ? mask : null;
    TensorView seen = mask == null || lengths != null ? null : perScore(hiding(mask), keys);
    if (lengths != null && lengths.dim(0) != q.dim(0)) {
      throw node.unsupported("a mask of ends and starts");
    }
    boolean isCausal = node.attributes().flag("unidirectional", false);
    ScoreMask hidden = new ScoreMask(heads, 0, seen, false, isCausal, past, lengths);
    List<Work> apart = AttentionSteps.apart(node, q, turned, v, added, hidden, result, scale);
    String obstacle = obstacle(added, seen, lengths);
    return new AttentionWork(
        q,
        turned,
        v,
        obstacle == null && seen != null ? seen : added,
        isCausal ? new AttentionWork.Causal(past) : null,
        result,
        scale,
        obstacle,
        apart);
  }

  private static @Nullable String obstacle(
      @Nullable TensorView added, @Nullable TensorView seen, @Nullable TensorView lengths) {
    if (lengths != null) {
      return "the number of keys varies";
    }
    return added != null && seen != null ? "it has two masks" : null;
  }

  /** A mask of 0 and 1 as what is added to the scores, finite where it hides. */
  private TensorView hiding(TensorView mask) {
    TensorView hiding = node.scratch("mask", mask.shape(), node.floats());
    double hidden = node.attributes().number("mask_filter_value", -10000);
    node.launch(Unary.AFFINE.work(mask, hiding, -hidden, hidden));
    return hiding;
  }

  /** A mask of the tokens, or of them for each query, as (batch, head, query, key). */
  private TensorView perScore(TensorView mask, long keys) {
    Shape shape = Shape.of(mask.dim(0), 1, 1, keys);
    long perBatch = mask.dim(0) == 1 ? 0 : mask.stride(0);
    return switch (mask.rank()) {
      case 2 -> mask.as(shape, perBatch, 0, 0, mask.stride(1));
      case 3 -> mask.as(shape.with(2, mask.dim(1)), perBatch, 0, mask.stride(1), mask.stride(2));
      default -> throw node.unsupported("a mask of rank " + mask.rank());
    };
  }
}
