package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.cudnn.plan.Stencil;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;

/**
 * cuDNN works on two or three spatial axes: one axis becomes two, with a height of 1 in front.
 * Values that are no images already stay as they are.
 */
final class Spatial {
  private Spatial() {}

  static TensorView lifted(TensorView view) {
    if (view.rank() != 3) {
      return view;
    }
    return view.as(
        Shape.of(view.dim(0), view.dim(1), 1, view.dim(2)),
        view.stride(0),
        view.stride(1),
        view.stride(2) * view.dim(2),
        view.stride(2));
  }

  /** One number per axis of cuDNN's, {@code lead} for the axis that was put in front. */
  static long[] lifted(long[] perAxis, int lead) {
    return perAxis.length == 1 ? new long[] {lead, perAxis[0]} : perAxis;
  }

  /** With no padding where it is not plain: then there are zeros around the image. */
  static Stencil stencil(Window window, int groups) {
    return stencil(window, groups, !isPlainPadding(window));
  }

  /** With no padding where that is written around the image. */
  static Stencil stencil(Window window, int groups, boolean isWritten) {
    return new Stencil(
        isWritten ? new long[Math.max(2, window.axes())] : lifted(window.padBegin(), 0),
        lifted(window.stride(), 1),
        lifted(window.dilation(), 1),
        groups);
  }

  /** Whether begin and end padding agree and are not negative. */
  static boolean isPlainPadding(Window window) {
    return window.isSymmetric() && Arrays.stream(window.padBegin()).allMatch(pad -> pad >= 0);
  }
}
