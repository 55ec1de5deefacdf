package dev.flopmeter.count;

import static dev.flopmeter.model.equation.Terms.integer;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.EinsumEquation;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.NodeHost;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One node, whose work the expressions of its rule compute. */
record WorkEquations(Operands in) implements NodeHost {
  static final Dialect DIALECT = new Functions();

  private static final Map<String, Definition> FUNCTIONS =
      Definition.read(WorkEquations.class, DIALECT);

  /** A rule by expressions. */
  static CostRule rule(String macs, String flops, String formula) {
    Definition work = Definition.of(macs + ", " + flops, List.of(), DIALECT, FUNCTIONS);
    return new CostRule.Described(formula, new Rule(work));
  }

  /** The equations of one operator. */
  private record Rule(Definition definition) implements CostRule {
    @Override
    public Work work(Operands in) {
      List<Object> results = new WorkEquations(in).results(definition);
      return new Work((Long) results.get(0), (Long) results.get(1));
    }
  }

  /** What the equations of {@code work.txt} can ask for. */
  private record Functions() implements Dialect {
    @Override
    public String file() {
      return "work.txt";
    }

    @Override
    public @Nullable BuiltIn function(String name) {
      Function rule = new Function(name);
      BuiltIn own = BuiltIn.listed(name, rule, "in out einsum", "pairs_within", "sum_of_lengths");
      return own == null ? NodeFunctions.find(name) : own;
    }
  }

  /** One of them. A lambda for each would lengthen short commands. */
  private record Function(String name) implements BuiltIn.Rule<NodeHost> {
    @Override
    public Object of(NodeHost n, List<Object> a) {
      return switch (name) {
        case "in" -> n.in().type(0).elements();
        case "out" -> n.in().output(0).elements();
        case "einsum" -> einsum(n.in());
        case "sum_of_lengths" -> sum(n.in().requireValue(NodeFunctions.input(a, 0)), integer(a, 1));
        case "pairs_within" -> pairs(n.in().requireValue(NodeFunctions.input(a, 0)));
        default -> throw new IllegalArgumentException(name);
      };
    }
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

  /** The sum of the steps of all sequences of a batch, each at most {@code longest}. */
  static long sum(Tensor lengths, long longest) {
    long sum = 0;
    for (long i = 0; i < lengths.elements(); i++) {
      sum = Sizes.add(sum, Math.min(longest, Math.max(0, lengths.longAt(i))));
    }
    return sum;
  }

  /** Pairs of tokens in the same sequence, from the ends of the sequences. */
  private static long pairs(Tensor ends) {
    long pairs = 0;
    for (long i = 1; i < ends.elements(); i++) {
      long length = ends.longAt(i) - ends.longAt(i - 1);
      pairs = Sizes.add(pairs, Sizes.multiply(length, length));
    }
    return pairs;
  }
}
