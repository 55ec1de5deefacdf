package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.NormalizationWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Normalisations: by stored statistics, across channels, and by the statistics of rows. */
final class Normalizations {
  /** The numbers of {@code normalize.c}. */
  private static final int MEAN_AND_VARIANCE = 0;

  private static final int ROOT_MEAN_SQUARE = 1;

  private Normalizations() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("BatchNormalization", Normalizations::batch);
    operators.put("LRN", Normalizations::lrn);
    operators.put("LayerNormalization", node -> layer(node, MEAN_AND_VARIANCE));
    operators.put("RMSNormalization", node -> layer(node, ROOT_MEAN_SQUARE));
    operators.put("InstanceNormalization", Normalizations::instance);
    operators.put("GroupNormalization", Normalizations::group);
  }

  private static void batch(NodePlan node) {
    if (node.attributes().flag("training_mode", false)) {
      throw node.unsupported("training_mode");
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
    Shape tail = x.shape().slice(x.shape().axis(node.attributes().integer("axis", -1)), x.rank());
    long length = tail.elements();
    TensorView scale = parameter(node, 1, tail);
    TensorView bias = parameter(node, 2, tail);
    double epsilon = FoldedWeights.epsilon(node.attributes());
    TensorView mean = node.outOrNull(1);
    TensorView inverse = node.outOrNull(2);
    KernelWork own =
        rows(kind, x, y, length, new Scales(scale, bias, 1, 1), epsilon, mean, inverse);
    if (scale == null || mean != null || inverse != null || x.elements() == 0) {
      node.launch(own);
      return;
    }
    Shape rows = Shape.of(x.elements() / length, length, 1, 1);
    node.launch(
        new NormalizationWork(
            kind == MEAN_AND_VARIANCE
                ? NormalizationWork.Kind.LAYER
                : NormalizationWork.Kind.ROOT_MEAN_SQUARE,
            x.as(rows, length, 1, length, length),
            y.as(rows, length, 1, length, length),
            perChannel(scale),
            bias == null ? null : perChannel(bias),
            epsilon,
            own));
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
    long channels = x.dim(1);
    long length = x.shape().elements(2, x.rank());
    double epsilon = FoldedWeights.epsilon(node.attributes());
    KernelWork own =
        rows(
            MEAN_AND_VARIANCE,
            x,
            y,
            length,
            new Scales(scale, bias, length, channels),
            epsilon,
            null,
            null);
    Shape images = Shape.of(x.dim(0), channels, length, 1);
    node.launch(
        x.elements() == 0
            ? own
            : new NormalizationWork(
                NormalizationWork.Kind.INSTANCE,
                x.reshaped(images),
                y.reshaped(images),
                perChannel(scale),
                perChannel(bias),
                epsilon,
                own));
  }

  /** As cuDNN takes a scale or bias. */
  private static TensorView perChannel(TensorView parameter) {
    long elements = parameter.elements();
    return parameter.as(Shape.of(1, elements, 1, 1), elements, 1, elements, elements);
  }

  private static void group(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    long groups = node.attributes().integer("num_groups");
    long channels = x.dim(1) / groups;
    long pixels = x.shape().elements(2, x.rank());
    TensorView scale = perChannel(node, 1, groups, channels);
    TensorView bias = perChannel(node, 2, groups, channels);
    node.launch(
        rows(
            MEAN_AND_VARIANCE,
            x,
            y,
            channels * pixels,
            new Scales(scale, bias, pixels, groups),
            FoldedWeights.epsilon(node.attributes()),
            null,
            null));
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

  /**
   * What normalised values are multiplied by, and what is added to them.
   *
   * @param run elements of a row that share one of each
   * @param repeat rows after which they begin again
   */
  private record Scales(
      @Nullable TensorView scale, @Nullable TensorView bias, long run, long repeat) {}

  /** By our kernel. */
  private static KernelWork rows(
      int kind,
      TensorView x,
      TensorView y,
      long length,
      Scales scales,
      double epsilon,
      @Nullable TensorView mean,
      @Nullable TensorView inverse) {
    long rows = x.elements() / Math.max(1, length);
    return KernelWork.perRow(
        "normalize_rows",
        rows,
        length,
        new Arguments()
            .pointers(x, y)
            .pointerOrNull(scales.scale())
            .pointerOrNull(scales.bias())
            .pointerOrNull(mean)
            .pointerOrNull(inverse)
            .numbers(rows, length, scales.run(), scales.repeat())
            .integers(kind, x.storage().code())
            .real(epsilon));
  }
}
