package dev.flopmeter.count;

import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.shape.NodeFunctions.function;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.EinsumEquation;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One node, whose work the expressions of {@code work.csv} and {@code costs.csv} compute. */
record WorkEquations(Operands in) implements NodeHost {
  static final Dialect DIALECT = new Dialect("work.txt", WorkEquations::find, name -> false);

  private static final Map<String, Definition> FUNCTIONS =
      Definition.read(WorkEquations.class, DIALECT);

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
    Definition work = Definition.of(macs + ", " + flops, List.of(), DIALECT, FUNCTIONS);
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

  /** What the equations of {@code work.txt} can ask for. */
  private static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "in" -> function(0, (n, a) -> n.in().type(0).elements());
      case "out" -> function(0, (n, a) -> n.in().output(0).elements());
      case "einsum" -> function(0, (n, a) -> einsum(n.in()));
      case "sum_of_lengths" ->
          function(2, (n, a) -> sum(n.in().requireValue(NodeFunctions.input(a, 0)), integer(a, 1)));
      case "pairs_within" ->
          function(1, (n, a) -> pairs(n.in().requireValue(NodeFunctions.input(a, 0))));
      default -> NodeFunctions.find(name);
    };
  }

  /** Multiply-accumulates and other operations. */
  private static List<Long> einsum(Operands in) {
    EinsumEquation equation = EinsumEquation.of(in);
    if (in.inputCount() == 1) {
      return List.of(0L, Math.max(0, equation.read(0) - in.output(0).elements()));
    }
    long macs = 0;
    long flops = 0;
    for (EinsumEquation.Join join : equation.joins()) {
      macs = Sizes.add(macs, join.isContraction() ? join.size() : 0);
      flops = Sizes.add(flops, join.isContraction() ? 0 : join.size());
    }
    return List.of(macs, flops);
  }

  /** The steps of all sequences of a batch together, none of them longer than {@code longest}. */
  static long sum(Tensor lengths, long longest) {
    long sum = 0;
    for (long i = 0; i < lengths.elements(); i++) {
      sum = Sizes.add(sum, Math.min(longest, Math.max(0, lengths.longAt(i))));
    }
    return sum;
  }

  /** Pairs of tokens in the same sequence, from where each sequence ends. */
  private static long pairs(Tensor ends) {
    long pairs = 0;
    for (long i = 1; i < ends.elements(); i++) {
      long length = ends.longAt(i) - ends.longAt(i - 1);
      pairs = Sizes.add(pairs, Sizes.multiply(length, length));
    }
    return pairs;
  }
}
