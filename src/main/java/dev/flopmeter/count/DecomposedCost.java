package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.decompose.Decomposition;
import dev.flopmeter.model.decompose.Decompositions;

/** The work of an operator that is made up of others: theirs together. */
final class DecomposedCost {
  private DecomposedCost() {}

  /**
   * @param rules the rules of the operators that it is made up of, when work is counted
   */
  static CostRule of(Decomposition operator, CostRules rules) {
    return CostRule.described(
        operator.text(),
        in -> {
          Graph body = Decompositions.of(in).orElseThrow();
          Work work = Work.NONE;
          for (Node node : body.nodes()) {
            CostRule rule = rules.find(node.qualifiedOp()).orElseThrow();
            work = work.plus(rule.work(Operands.of(body, node)));
          }
          return work;
        });
  }
}
