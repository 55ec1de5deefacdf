package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import java.util.Map;
import java.util.function.ToLongFunction;

/** Takes the documented rules of a family of operators. */
record CostTable(Map<String, CostRule> rules) {
  /**
   * @param operators qualified names, with spaces between
   * @param formula the rule in words
   */
  void add(String operators, String formula, CostRule rule) {
    CostRule described = new CostRule.Described(formula, rule);
    for (String operator : operators.split(" ", -1)) {
      rules.put(operator, described);
    }
  }

  /** A rule for operators without multiply-accumulates. */
  void flops(String operators, String formula, ToLongFunction<Operands> flops) {
    add(operators, formula, in -> Work.flops(flops.applyAsLong(in)));
  }
}
