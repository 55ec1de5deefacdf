package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.TensorView;

/** CopyKernels between places, layouts and types with our kernel {@code convert}. */
final class CopyKernels {
  private CopyKernels() {}

  /** CopyKernels all elements of {@code from} to {@code to}, which has the same shape. */
  static KernelWork copy(TensorView from, TensorView to) {
    return copy(from, to, from.shape());
  }

  /**
   * As {@link #copy(TensorView, TensorView)}, where {@code to} may be larger: the elements beyond
   * {@code from} become 0.
   */
  static KernelWork padded(TensorView from, TensorView to) {
    return copy(from, to, to.shape());
  }

  private static KernelWork copy(TensorView from, TensorView to, Shape size) {
    // Loops may only be joined where both sides are whole, so a padded copy joins none.
    Loops loops = size.equals(from.shape()) ? Loops.over(size, to, from) : unjoined(size, to, from);
    int[] inside = size.equals(from.shape()) ? loops.sizes() : padded(from);
    return KernelWork.perElement(
        "convert",
        size.elements(),
        new Arguments()
            .pointers(from, to)
            .number(size.elements())
            .integers(from.storage().code(), to.storage().code())
            .integers(loops.sizes())
            .integers(inside)
            .numbers(loops.strides().get(1))
            .numbers(loops.strides().get(0)));
  }

  private static Loops unjoined(Shape size, TensorView to, TensorView from) {
    int lead = Loops.RANK - size.rank();
    int[] sizes = new int[Loops.RANK];
    long[] toStrides = new long[Loops.RANK];
    long[] fromStrides = new long[Loops.RANK];
    for (int i = 0; i < Loops.RANK; i++) {
      sizes[i] = i < lead ? 1 : Math.toIntExact(size.dim(i - lead));
      toStrides[i] = i < lead ? 0 : to.stride(i - lead);
      fromStrides[i] = i < lead ? 0 : from.stride(i - lead);
    }
    return new Loops(sizes, java.util.List.of(toStrides, fromStrides));
  }

  private static int[] padded(TensorView from) {
    int lead = Loops.RANK - from.rank();
    int[] sizes = new int[Loops.RANK];
    for (int i = 0; i < Loops.RANK; i++) {
      sizes[i] = i < lead ? 1 : Math.toIntExact(from.dim(i - lead));
    }
    return sizes;
  }

  /** Sets all elements of a packed place. */
  static KernelWork fill(TensorView to, double value) {
    return KernelWork.perElement(
        "fill",
        to.elements(),
        new Arguments()
            .pointer(to)
            .number(to.elements())
            .real(to.storage().saturated(value))
            .integer(to.storage().code()));
  }
}
