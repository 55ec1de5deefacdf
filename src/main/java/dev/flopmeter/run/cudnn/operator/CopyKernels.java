package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.TensorView;

/** Copies between places, layouts and types with our kernel {@code convert}. */
final class CopyKernels {
  private CopyKernels() {}

  /** Copies all elements of {@code from} to {@code to}, which has the same shape. */
  static KernelWork copy(TensorView from, TensorView to) {
    Loops loops = Loops.over(from.shape(), to, from);
    return convert(
        from.elements(), conversion(from, to).integers(loops.sizes()).loops(loops, 1, 0));
  }

  /**
   * As {@link #copy}, where {@code to} may be larger: the elements beyond {@code from} become 0.
   * Loops may only be joined where both sides are whole, so this joins none.
   */
  static KernelWork padded(TensorView from, TensorView to) {
    Arguments arguments = conversion(from, to).turns(to.shape().dims()).turns(from.shape().dims());
    return convert(to.elements(), arguments.strides(from.strides()).strides(to.strides()));
  }

  private static Arguments conversion(TensorView from, TensorView to) {
    return new Arguments().pointers(from, to).number(to.elements()).types(from, to);
  }

  private static KernelWork convert(long elements, Arguments arguments) {
    return KernelWork.perElement("convert", elements, arguments);
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
