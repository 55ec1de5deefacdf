package dev.flopmeter.count;

import dev.flopmeter.model.Operands;

/** How much work an operator does, from its shapes and attributes alone. */
@FunctionalInterface
public interface CostRule {
  /**
   * The work of one call.
   *
   * @throws dev.flopmeter.model.DataDependentException if a shape is not known before run time
   */
  Work work(Operands node);
}
