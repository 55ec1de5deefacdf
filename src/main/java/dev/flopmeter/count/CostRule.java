package dev.flopmeter.count;

import dev.flopmeter.model.Operands;

/** The work of an operator, from its shapes and attributes alone. */
@FunctionalInterface
public interface CostRule {
  /**
   * The work of one call.
   *
   * @throws dev.flopmeter.model.DataDependentException if a shape is not known before run time
   */
  Work work(Operands node);

  /** The rule in words, for the documentation. */
  default String formula() {
    return "a custom rule";
  }

  /** A rule with the text that documents it. */
  record Described(String formula, CostRule rule) implements CostRule {
    @Override
    public Work work(Operands node) {
      return rule.work(node);
    }
  }
}
