package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.SoftmaxWork;
import dev.flopmeter.run.cudnn.plan.View;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
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
  private final List<View> reads = new ArrayList<>();
  private final List<View> writes = new ArrayList<>();
  private final List<Work> works = new ArrayList<>();
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
    View projected = projected();
    long width = projected.dim(2) / 3;
    long[] widths = node.attributes().integers("qkv_hidden_sizes", width, width, width);
    View q = AttentionSteps.headed(projected.part(2, 0, widths[0]), heads);
    View present = node.hasOutput(1) ? written(node.out(1)) : null;
    View k = withPast(projected.part(2, widths[0], widths[1]), 0, present);
    View v = withPast(projected.part(2, widths[0] + widths[1], widths[2]), 1, present);
    long keys = k.dim(2);
    Shape shape = Shape.of(q.dim(0), heads, q.dim(2), keys);
    View scores = written(node.scratch("scores", shape, q.storage()));
    View weights = written(node.scratch("weights", shape, q.storage()));
    double scale = node.attributes().number("scale", 0);
    double factor = scale == 0 ? 1 / Math.sqrt((double) widths[0] / heads) : scale;
    View turned = k.permuted(0, 1, 3, 2);
    View y = written(node.out(0));
    View result =
        written(node.scratch("result", Shape.of(q.dim(0), heads, q.dim(2), v.dim(3)), y.storage()));
    if (node.has(MASK) || node.attributes().flag("unidirectional", false)) {
      works.add(Products.work(q, turned, scores, factor));
      mask(scores, keys);
      works.add(new SoftmaxWork(scores, weights, q.dim(0) * heads * q.dim(2), keys, 1, false));
      works.add(Products.work(weights, v, result, 1));
    } else {
      View added = node.has(ADDED) ? read(ADDED) : null;
      works.add(AttentionSteps.attention(q, turned, v, added, result, factor, scores, weights));
    }
    works.add(Copies.copy(result, AttentionSteps.headed(y, heads)));
    node.emit(reads, writes, works);
  }

  private View projected() {
    View x = read(0);
    View weights = read(1);
    Shape shape = Shape.of(x.dim(0), x.dim(1), weights.dim(1));
    View projected = written(node.scratch("projected", shape, x.storage()));
    works.add(Products.work(x, weights, projected, 1));
    if (node.has(BIAS)) {
      works.add(Binary.work(Binary.Kind.ADD, projected, read(BIAS), projected));
    }
    return projected;
  }

  /** Keys (0) or values (1) of this and the past, in the present's half where that is asked. */
  private View withPast(View packed, int which, @Nullable View present) {
    View now = AttentionSteps.headed(packed, heads);
    if (present == null && past == 0) {
      return now;
    }
    View whole =
        present == null
            ? written(
                node.scratch(
                    "present" + which, now.shape().with(2, past + now.dim(2)), now.storage()))
            : half(present, which);
    if (past > 0) {
      works.add(Copies.copy(half(read(PAST), which), whole.part(2, 0, past)));
    }
    works.add(Copies.copy(now, whole.part(2, past, now.dim(2))));
    return whole;
  }

  private static View half(View both, int which) {
    View one = both.part(0, which, 1);
    long[] strides = one.strides();
    Shape shape = one.shape();
    return one.as(
        Shape.of(shape.dim(1), shape.dim(2), shape.dim(3), shape.dim(4)),
        strides[1],
        strides[2],
        strides[3],
        strides[4]);
  }

  /** What is added first, then what is hidden: by a mask, a length, or for being later. */
  private void mask(View scores, long keys) {
    if (node.has(ADDED)) {
      works.add(Binary.work(Binary.Kind.ADD, scores, read(ADDED), scores));
    }
    boolean isCausal = node.attributes().flag("unidirectional", false);
    if (!node.has(MASK) && !isCausal) {
      return;
    }
    View mask = node.has(MASK) ? read(MASK) : null;
    View lengths = mask != null && mask.rank() == 1 ? mask : null;
    View seen = mask == null || lengths != null ? null : perScore(mask, keys);
    if (lengths != null && lengths.dim(0) != scores.dim(0)) {
      throw node.unsupported("a mask of ends and starts");
    }
    works.add(
        KernelWork.perElement(
            "attention_scores",
            scores.elements(),
            new Arguments()
                .pointer(scores)
                .pointerOrNull(seen)
                .pointerOrNull(lengths)
                .numbers(scores.elements(), scores.dim(2), keys, heads)
                .numbers(seen == null ? new long[4] : seen.strides())
                .numbers(keys, past)
                .integers(
                    scores.storage().code(),
                    seen == null ? scores.storage().code() : seen.storage().code(),
                    seen == null ? 0 : 1,
                    isCausal ? 1 : 0)
                .real(0)
                .integer(0)));
  }

  /** A mask of the tokens, or of them for each query, as (batch, head, query, key). */
  private View perScore(View mask, long keys) {
    Shape shape = Shape.of(mask.dim(0), 1, 1, keys);
    long perBatch = mask.dim(0) == 1 ? 0 : mask.stride(0);
    return switch (mask.rank()) {
      case 2 -> mask.as(shape, perBatch, 0, 0, mask.stride(1));
      case 3 -> mask.as(shape.with(2, mask.dim(1)), perBatch, 0, mask.stride(1), mask.stride(2));
      default -> throw node.unsupported("a mask of rank " + mask.rank());
    };
  }

  private View read(int input) {
    View view = node.plain(input);
    reads.add(view);
    return view;
  }

  private View written(View view) {
    writes.add(view);
    return view;
  }
}
