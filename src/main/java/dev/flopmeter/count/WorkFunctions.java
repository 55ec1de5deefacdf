package dev.flopmeter.count;

import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.shape.NodeFunctions.function;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.EinsumEquation;
import dev.flopmeter.model.shape.NodeFunctions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code work.txt} can ask for. */
final class WorkFunctions {
  static final Dialect DIALECT = new Dialect("work.txt", WorkFunctions::find, name -> false);

  private WorkFunctions() {}

  private static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "in" -> function(0, (n, a) -> n.in().type(0).elements());
      case "out" -> function(0, (n, a) -> n.in().output(0).elements());
      case "einsum" -> function(0, (n, a) -> einsum(n.in()));
      case "sum_of_lengths" ->
          function(2, (n, a) -> sum(n.in().requireValue(input(a, 0)), integer(a, 1)));
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
}
