package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.AttentionWork;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ONNX's {@code Attention} (opset 23 and 24): inputs q, k, v, mask, past keys, past values,
 * lengths.
 *
 * <p>Heads of queries that share keys are an axis of their own in the products, over which the keys
 * are repeated with a stride of 0.
 */
final class OnnxAttention {
  private static final int MASK = 3;
  private static final int PAST_KEYS = 4;
  private static final int PAST_VALUES = 5;
  private static final int LENGTHS = 6;

  private final NodePlan node;
  private final boolean isPacked;
  private final long queryHeads;
  private final long keyHeads;
  private final long past;
  private final double cap;
  private final long before;
  private final long behind;

  OnnxAttention(NodePlan node) {
    this.node = node;
    isPacked = node.shape(0).rank() == 3;
    queryHeads = isPacked ? node.attributes().integer("q_num_heads") : node.shape(0).dim(1);
    keyHeads = isPacked ? node.attributes().integer("kv_num_heads") : node.shape(1).dim(1);
    past = node.has(PAST_KEYS) ? node.shape(PAST_KEYS).dim(2) : 0;
    cap = node.attributes().number("softcap", 0);
    before = node.attributes().integer("left_window_size", -1);
    behind =
        node.attributes().flag("is_causal", false)
            ? 0
            : node.attributes().integer("right_window_size", -1);
  }

  void plan() {
    TensorView q = Heads.split(node.in(0), queryHeads);
    TensorView k = withPast(1, PAST_KEYS);
    TensorView v = withPast(2, PAST_VALUES);
    TensorView mask = node.plainOrNull(MASK);
    TensorView lengths = node.plainOrNull(LENGTHS);
    TensorView y = node.out(0);
    Shape shape = Shape.of(q.dim(0), queryHeads, q.dim(2), v.dim(3));
    TensorView result = isPacked ? node.scratch("result", shape, y.storage()) : y;
    node.launch(attention(q, k, v, mask, lengths, result));
    if (isPacked) {
      node.launch(CopyKernels.copy(result, Heads.split(y, queryHeads)));
    }
  }

  private AttentionWork attention(
      TensorView q,
      TensorView k,
      TensorView v,
      @Nullable TensorView mask,
      @Nullable TensorView lengths,
      TensorView result) {
    double scale = node.attributes().number("scale", (float) (1 / Math.sqrt((double) q.dim(3))));
    List<Work> apart = apart(q, k, v, mask, lengths, scale, result);
    String obstacle = obstacle(mask, lengths, k.dim(2));
    TensorView added = obstacle == null ? added(mask) : null;
    return new AttentionWork(
        q,
        k.permuted(0, 1, 3, 2),
        v,
        added,
        behind == 0 ? new AttentionWork.Causal(past) : null,
        result,
        scale,
        obstacle,
        apart);
  }

  /** Why this cannot be one fused attention. */
  private @Nullable String obstacle(
      @Nullable TensorView mask, @Nullable TensorView lengths, long keys) {
    if (cap != 0) {
      return "the scores are capped";
    }
    if (lengths != null) {
      return "the number of keys varies";
    }
    if (before >= 0 || behind > 0) {
      return "a query sees a window of the keys";
    }
    boolean isWhole = mask == null || mask.rank() == 0 || keysOf(mask) == keys || keysOf(mask) == 1;
    return isWhole ? null : "the mask has fewer keys";
  }

  private static long keysOf(TensorView mask) {
    return mask.dim(mask.rank() - 1);
  }

  /** A mask as what is added to the scores: the logarithm of 0 hides, that of 1 changes nothing. */
  private @Nullable TensorView added(@Nullable TensorView mask) {
    if (mask == null || mask.storage().isFloat()) {
      return mask;
    }
    TensorView added = node.scratch("mask", mask.shape(), node.floats());
    node.launch(Unary.LOG.work(mask, added));
    return added;
  }

  private List<Work> apart(
      TensorView q,
      TensorView k,
      TensorView v,
      @Nullable TensorView mask,
      @Nullable TensorView lengths,
      double scale,
      TensorView result) {
    long queries = q.dim(2);
    long keys = k.dim(2);
    Shape shape = Shape.of(q.dim(0), keyHeads, queryHeads / keyHeads, queries, keys);
    TensorView scores = node.scratch("scores", shape, q.storage());
    TensorView weights = node.scratch("weights", shape, q.storage());
    TensorView grouped = Heads.grouped(q, keyHeads);
    TensorView turned = Heads.shared(k).permuted(0, 1, 2, 4, 3);
    boolean isBoolean = mask != null && node.operands().type(MASK).type() == DataType.BOOL;
    ScoreMask rest = new ScoreMask(queryHeads, cap, mask, isBoolean, past, before, behind, lengths);
    List<Work> steps = new ArrayList<>();
    steps.add(new ProductWork(grouped, turned, scores, scale));
    if (!rest.isEmpty()) {
      steps.add(rest.on(scores));
    }
    steps.add(Reductions.softmax(scores, weights));
    steps.add(new ProductWork(weights, Heads.shared(v), Heads.grouped(result, keyHeads), 1));
    return steps;
  }

  /** Keys or values behind those of the past, in the output for them where there is one. */
  private TensorView withPast(int input, int pastInput) {
    TensorView now = Heads.split(node.in(input), keyHeads);
    TensorView past = node.plainOrNull(pastInput);
    TensorView present = node.outOrNull(input);
    if (past == null && present == null) {
      return now;
    }
    long before = past == null ? 0 : past.dim(2);
    TensorView whole =
        present == null
            ? node.scratch(
                "present" + input, now.shape().with(2, before + now.dim(2)), now.storage())
            : present;
    if (past != null) {
      node.launch(CopyKernels.copy(past, whole.part(2, 0, before)));
    }
    node.launch(CopyKernels.copy(now, whole.part(2, before, now.dim(2))));
    return whole;
  }
}
