package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Operands;

/** How one operator is computed. */
@FunctionalInterface
interface KernelRule {
  /**
   * The kernel of this node.
   *
   * @throws dev.flopmeter.model.DataDependentException if it needs a shape or value that is not
   *     known yet
   * @throws dev.flopmeter.run.UnsupportedOperatorException if it cannot compute this form of the
   *     operator
   */
  Kernel kernel(Operands in);
}
