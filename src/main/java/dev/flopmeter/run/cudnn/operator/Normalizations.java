package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Normalisations: by stored statistics, across channels, and by the statistics of rows. */
final class Normalizations {
  /** The numbers of {@code normalize.c}. */
  static final int MEAN_AND_VARIANCE = 0;

  static final int ROOT_MEAN_SQUARE = 1;
  private static final int NORM_1 = 2;
  private static final int NORM_2 = 3;

  private Normalizations() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("BatchNormalization", Normalizations::batch);
    operators.put("LRN", Normalizations::lrn);
    operators.put("LayerNormalization", node -> layer(node, MEAN_AND_VARIANCE));
    operators.put("RMSNormalization", node -> layer(node, ROOT_MEAN_SQUARE));
    operators.put("SimplifiedLayerNormalization", Normalizations::simplified);
    operators.put("InstanceNormalization", Normalizations::instance);
    operators.put("GroupNormalization", Normalizations::group);
    operators.put("LpNormalization", Normalizations::lp);
    operators.put("MeanVarianceNormalization", Normalizations::meanVariance);
  }

  private static void batch(NodePlan node) {
    if (node.attributes().flag("training_mode", false)) {
      throw node.unsupported("training_mode");
    }
    if (!node.attributes().flag("spatial", true)) {
      throw node.unsupported("spatial = 0");
    }
    TensorView x = node.in(0);
    TensorView y = node.outLike(0, x);
    long[] perChannel = new long[x.rank()];
    if (x.rank() > 1) {
      perChannel[1] = 1;
    }
    TensorView parameter = node.plain(1).as(x.shape(), perChannel);
    Loops loops = Loops.over(y.shape(), y, x, parameter);
    Arguments arguments = new Arguments().pointer(x).pointer(y);
    for (int i = 1; i <= 4; i++) {
      arguments.pointer(node.plain(i));
    }
    node.launch(
        "batch_normalize",
        y,
        arguments
            .number(y.elements())
            .types(x)
            .real(FoldedWeights.epsilon(node.attributes()))
            .loops(loops, 1, 2, 0));
  }

  private static void lrn(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    node.launch(
        "lrn",
        y,
        new Arguments()
            .pointers(x, y)
            .numbers(y.elements(), x.dim(1), x.shape().elements(2, x.rank()))
            .integer(node.attributes().integer("size"))
            .types(x)
            .real(node.attributes().number("alpha", 1e-4f))
            .real(node.attributes().number("beta", 0.75f))
            .real(node.attributes().number("bias", 1)));
  }

  private static void layer(NodePlan node, int kind) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    int axis = x.shape().axis(node.attributes().integer("axis", -1));
    long length = x.shape().elements(axis, x.rank());
    Shape tail = x.shape().slice(axis, x.rank());
    Rows rows =
        new Rows(kind, x, y, x.elements() / Math.max(1, length), length, 1)
            .scaled(parameter(node, 1, tail), parameter(node, 2, tail), 1, 1)
            .telling(node.outOrNull(1), node.outOrNull(2));
    node.launch(rows.work(FoldedWeights.epsilon(node.attributes())));
  }

  /** ONNX Runtime's name for RMSNormalization. */
  private static void simplified(NodePlan node) {
    if (node.hasOutput(1)) {
      throw node.unsupported("the output of the inverse deviation");
    }
    layer(node, ROOT_MEAN_SQUARE);
  }

  /** A scale or bias of the normalised axes, repeated to all of them where it is smaller. */
  private static @Nullable TensorView parameter(NodePlan node, int input, Shape tail) {
    if (!node.has(input)) {
      return null;
    }
    TensorView given = node.plain(input);
    if (given.elements() == tail.elements()) {
      return given;
    }
    TensorView whole = node.scratch("parameter" + input, tail, given.storage());
    node.emitAdded("Expand", CopyKernels.copy(given.broadcastTo(tail), whole));
    return whole;
  }

  private static void instance(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    TensorView scale = node.plain(1);
    TensorView bias = node.plain(2);
    long length = x.shape().elements(2, x.rank());
    Rows rows = new Rows(MEAN_AND_VARIANCE, x, y, x.dim(0) * x.dim(1), length, 1);
    node.launch(
        rows.scaled(scale, bias, length, x.dim(1)).work(FoldedWeights.epsilon(node.attributes())));
  }

  private static void group(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    long groups = node.attributes().integer("num_groups");
    long channels = x.dim(1) / groups;
    long pixels = x.shape().elements(2, x.rank());
    TensorView scale = perChannel(node, 1, groups, channels);
    TensorView bias = perChannel(node, 2, groups, channels);
    Rows rows = new Rows(MEAN_AND_VARIANCE, x, y, x.dim(0) * groups, channels * pixels, 1);
    node.launch(
        rows.scaled(scale, bias, pixels, groups).work(FoldedWeights.epsilon(node.attributes())));
  }

  /** Before opset 21 scale and bias were per group. */
  private static TensorView perChannel(NodePlan node, int input, long groups, long channels) {
    TensorView given = node.plain(input);
    if (node.node().opset() >= 21 || given.elements() == groups * channels) {
      return given;
    }
    TensorView whole =
        node.scratch("parameter" + input, Shape.of(groups, channels), given.storage());
    node.emitAdded("Expand", CopyKernels.copy(given.as(whole.shape(), 1, 0), whole));
    return whole;
  }

  private static void lp(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    int axis = x.shape().axis(node.attributes().integer("axis", -1));
    long inner = x.shape().elements(axis + 1, x.rank());
    int kind = node.attributes().integer("p", 2) == 1 ? NORM_1 : NORM_2;
    Rows rows = new Rows(kind, x, y, x.elements() / x.dim(axis), x.dim(axis), inner);
    node.launch(rows.work(0));
  }

  private static void meanVariance(NodePlan node) {
    TensorView x = node.in(0);
    long[] axes = node.attributes().integers("axes", 0, 2, 3);
    int[] order = Reductions.keptFirst(x.shape(), axes);
    TensorView turned = x.permuted(order);
    TensorView packed = node.scratch("rows", turned.shape(), x.storage());
    TensorView done = node.scratch("normalized", turned.shape(), x.storage());
    TensorView y = node.out(0);
    long length = 1;
    for (long axis : axes) {
      length *= x.dim(x.shape().axis(axis));
    }
    node.launch(
        CopyKernels.copy(turned, packed),
        new Rows(MEAN_AND_VARIANCE, packed, done, x.elements() / length, length, 1).work(1e-9),
        CopyKernels.copy(done, y.permuted(order)));
  }

  /** Normalises over the last axis, with a scale and perhaps a bias for each of its elements. */
  static KernelWork lastAxis(
      int kind,
      TensorView x,
      TensorView y,
      TensorView scale,
      @Nullable TensorView bias,
      double epsilon,
      @Nullable TensorView mean,
      @Nullable TensorView inverse) {
    long length = x.dim(x.rank() - 1);
    return new Rows(kind, x, y, x.elements() / Math.max(1, length), length, 1)
        .scaled(scale, bias, 1, 1)
        .telling(mean, inverse)
        .work(epsilon);
  }

  /**
   * Rows to be normalised. Row r starts at {@code (r / inner) * length * inner + r % inner}, its
   * elements are {@code inner} apart.
   *
   * @param run elements of a row that share one scale
   * @param repeat rows after which the scales begin again
   */
  private record Rows(
      int kind,
      TensorView x,
      TensorView y,
      long rows,
      long length,
      long inner,
      @Nullable TensorView scale,
      @Nullable TensorView bias,
      long run,
      long repeat,
      @Nullable TensorView mean,
      @Nullable TensorView inverse) {
    Rows(int kind, TensorView x, TensorView y, long rows, long length, long inner) {
      this(kind, x, y, rows, length, inner, null, null, 1, 1, null, null);
    }

    Rows scaled(@Nullable TensorView scale, @Nullable TensorView bias, long run, long repeat) {
      return new Rows(kind, x, y, rows, length, inner, scale, bias, run, repeat, mean, inverse);
    }

    Rows telling(@Nullable TensorView mean, @Nullable TensorView inverse) {
      return new Rows(kind, x, y, rows, length, inner, scale, bias, run, repeat, mean, inverse);
    }

    KernelWork work(double epsilon) {
      return KernelWork.perRow(
          "normalize_rows",
          rows,
          length,
          new Arguments()
              .pointers(x, y)
              .pointerOrNull(scale)
              .pointerOrNull(bias)
              .pointerOrNull(mean)
              .pointerOrNull(inverse)
              .numbers(rows, length, inner, run, repeat)
              .integers(kind, x.storage().code())
              .real(epsilon));
    }
  }
}
