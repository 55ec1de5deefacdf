package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.text.Csv;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The rules of the tables of operators, each read when a network needs it. */
final class DocumentedRules {
  private static final Map<String, String> WORK =
      Csv.linesByWord(DocumentedRules.class, "work.csv");
  private static final Map<String, String> DECOMPOSED =
      Csv.linesByWord(DocumentedRules.class, "decomposed.csv");

  /** The rules that were needed so far. */
  private static final Map<String, CostRule> READ = new ConcurrentHashMap<>();

  private DocumentedRules() {}

  /** The rule of an operator by its qualified name; null if there is none. */
  static @Nullable CostRule find(String qualifiedOp) {
    CostRule rule = READ.get(qualifiedOp);
    if (rule == null) {
      rule = read(qualifiedOp);
      if (rule != null) {
        READ.put(qualifiedOp, rule);
      }
    }
    return rule;
  }

  /** An operator that is made up of others has their work, unless it has a rule of its own. */
  private static @Nullable CostRule read(String qualifiedOp) {
    String work = WORK.get(qualifiedOp);
    String decomposed = DECOMPOSED.get(qualifiedOp);
    if (work != null) {
      List<String> row = Csv.split(work);
      return WorkEquations.rule(row.get(1), row.get(2), row.get(3));
    }
    return decomposed == null
        ? null
        : new CostRule.Described(Csv.split(decomposed).get(1), new Decomposed());
  }

  /** All operators with a rule. */
  static Set<String> operators() {
    Set<String> operators = new HashSet<>(WORK.keySet());
    operators.addAll(DECOMPOSED.keySet());
    return operators;
  }

  /** The work of the operators that another is made up of. */
  private record Decomposed() implements CostRule {
    @Override
    public Work work(Operands in) {
      Graph body = Decompositions.of(in).orElseThrow();
      Work work = Work.NONE;
      for (Node node : body.nodes()) {
        CostRule rule = CostRules.standard().find(node.qualifiedOp()).orElseThrow();
        work = work.plus(rule.work(Operands.of(body, node)));
      }
      return work;
    }
  }
}
