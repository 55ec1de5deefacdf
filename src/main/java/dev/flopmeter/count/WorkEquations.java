package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One node, whose work the expressions of {@code work.csv} and {@code costs.csv} compute. */
record WorkEquations(Operands in) implements NodeHost {
  private static final Map<String, Definition> FUNCTIONS =
      Definition.read(WorkEquations.class, WorkFunctions.DIALECT);

  /** The rules of {@code work.csv} and {@code costs.csv}, by qualified operator name. */
  static Map<String, CostRule> rules() {
    Map<String, CostRule> rules = new HashMap<>();
    for (List<String> row : Csv.rows(WorkEquations.class, "work.csv")) {
      add(rules, row.get(0), row.get(1), row.get(2), row.get(3));
    }
    addPerElement(rules);
    return rules;
  }

  /**
   * Adds operators that take so many operations for each element of an output or an input: the rows
   * of {@code costs.csv}. One arithmetic operation, comparison or elementary function (exp, log,
   * sqrt, tanh, erf, ...) is one FLOP.
   */
  private static void addPerElement(Map<String, CostRule> rules) {
    for (List<String> row : Csv.rows(WorkEquations.class, "costs.csv")) {
      String times = row.get(1);
      String of = row.get(2);
      String amount = times.equals("0") ? "0" : times.equals("1") ? of : times + " x " + of;
      String flops = times.equals("0") ? "0" : times + " * " + of + "()";
      add(rules, row.get(0), "0", flops, amount + ": " + row.get(3));
    }
  }

  private static void add(
      Map<String, CostRule> rules, String operators, String macs, String flops, String formula) {
    Definition work =
        Definition.of(macs + ", " + flops, List.of(), WorkFunctions.DIALECT, FUNCTIONS);
    CostRule rule = new CostRule.Described(formula, in -> new WorkEquations(in).work(work));
    for (String operator : operators.split(" ", -1)) {
      if (rules.put(operator, rule) != null) {
        throw new IllegalStateException(operator + " has two rules");
      }
    }
  }

  private Work work(Definition definition) {
    List<Object> results = results(definition);
    return new Work((Long) results.get(0), (Long) results.get(1));
  }
}
