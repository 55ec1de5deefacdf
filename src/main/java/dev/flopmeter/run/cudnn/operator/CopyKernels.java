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
    return KernelWork.perElement(
        "convert",
        from.elements(),
        new Arguments()
            .pointers(from, to)
            .numbers(to.elements())
            .types(from, to)
            .integers(loops.sizes())
            .loops(loops, 1, 0));
  }

  /** Sets all elements of a packed place. */
  static KernelWork fill(TensorView to, double value) {
    return KernelWork.perElement(
        "fill",
        to.elements(),
        new Arguments()
            .pointers(to)
            .numbers(to.elements())
            .real(to.storage().saturated(value))
            .integer(to.storage().code()));
  }
}
