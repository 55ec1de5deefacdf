package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Pooling: through cuDNN where its windows are those of the model, otherwise (uneven padding,
 * windows cut at the end, dilation, indices, other norms) with our own kernel.
 */
final class Pooling {
  /** The numbers of {@code pool.c}. */
  private static final int MAX = 0;

  private static final int AVERAGE = 1;
  private static final int AVERAGE_WITH_PADDING = 2;
  private static final int NORM = 3;

  /** Of an image, at most. */
  private static final int AXES = 3;

  private Pooling() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("MaxPool", node -> window(node, MAX));
    operators.put(
        "AveragePool",
        node ->
            window(
                node,
                node.attributes().flag("count_include_pad", false)
                    ? AVERAGE_WITH_PADDING
                    : AVERAGE));
    operators.put("LpPool", node -> window(node, NORM));
    operators.put("GlobalMaxPool", node -> global(node, MAX));
    operators.put("GlobalAveragePool", node -> global(node, AVERAGE));
  }

  private static Window whole(Shape x) {
    long[] size = x.slice(2, x.rank()).dims();
    long[] ones = new long[size.length];
    Arrays.fill(ones, 1);
    long[] none = new long[size.length];
    return new Window(size, ones, ones, none, none, false);
  }

  private static void global(NodePlan node, int kind) {
    if (node.shape(0).rank() < 3) {
      node.alias(0, node.plain(0));
      return;
    }
    pool(node, whole(node.shape(0)), kind);
  }

  private static void window(NodePlan node, int kind) {
    long[] kernel = node.attributes().integers("kernel_shape").orElseThrow();
    pool(node, Window.of(node.attributes(), node.shape(0), kernel), kind);
  }

  private static void pool(NodePlan node, Window window, int kind) {
    if (window.axes() > AXES) {
      throw node.unsupported("pooling over more than three axes");
    }
    boolean hasIndices = node.hasOutput(1);
    MemoryLayout format = hasIndices ? MemoryLayout.PLAIN : node.in(0).layout();
    TensorView x = node.formatted(0, format);
    TensorView y = node.out(0, format);
    KernelWork own = own(node, window, kind, x, y, node.outOrNull(1));
    boolean isForCudnn =
        kind != NORM
            && !hasIndices
            && x.storage().isFloat()
            && Spatial.isPlainPadding(window)
            && Arrays.stream(window.dilation()).allMatch(d -> d == 1)
            && isWhole(window, x.shape(), y.shape());
    node.launch(isForCudnn ? resampling(window, kind, x, y, own) : own);
  }

  /** Whether no window reaches beyond the end padding, and none is all padding. */
  private static boolean isWhole(Window window, Shape x, Shape y) {
    for (int i = 0; i < window.axes(); i++) {
      long span = x.dim(i + 2) + 2 * window.padBegin()[i] - window.kernel()[i];
      if (span / window.stride()[i] + 1 != y.dim(i + 2)
          || window.padBegin()[i] >= window.kernel()[i]) {
        return false;
      }
    }
    return true;
  }

  private static PoolingWork resampling(
      Window window, int kind, TensorView x, TensorView y, KernelWork own) {
    return new PoolingWork(
        Spatial.lifted(x),
        Spatial.lifted(y),
        switch (kind) {
          case MAX -> PoolingWork.Kind.MAX;
          case AVERAGE -> PoolingWork.Kind.AVERAGE;
          default -> PoolingWork.Kind.AVERAGE_WITH_PADDING;
        },
        Spatial.lifted(window.kernel(), 1),
        Spatial.lifted(window.padBegin(), 0),
        Spatial.lifted(window.stride(), 1),
        own);
  }

  private static KernelWork own(
      NodePlan node,
      Window window,
      int kind,
      TensorView x,
      TensorView y,
      @Nullable TensorView indices) {
    long image = y.shape().elements(1, y.rank());
    return KernelWork.perElement(
        "pool",
        y.elements(),
        new Arguments()
            .pointers(x, y)
            .pointerOrNull(indices)
            .numbers(y.elements(), Math.max(1, image), y.dim(0) == 1 ? 0 : y.stride(0) - image)
            .integers(kind, x.storage().code(), y.storage().code())
            .integer(node.attributes().integer("p", 2))
            .integer(node.attributes().integer("storage_order", 0))
            .integer(x.is(MemoryLayout.PLAIN) ? 1 : x.dim(1))
            .led(AXES, 1, x.shape().slice(2, x.rank()).dims())
            .led(AXES, 1, y.shape().slice(2, y.rank()).dims())
            .led(AXES, 1, window.kernel())
            .led(AXES, 1, window.stride())
            .led(AXES, 1, window.dilation())
            .led(AXES, 0, window.padBegin())
            .led(AXES, 0, window.padEnd()));
  }
}
