package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.text.Csv;
import java.util.List;

/**
 * Operators that take so many operations for each element of an output or an input, of every
 * element type: the rows of {@code costs.csv}. One arithmetic operation, comparison or elementary
 * function (exp, log, sqrt, tanh, erf, ...) is one FLOP.
 */
final class PerElement {
  private PerElement() {}

  static void addTo(CostTable table) {
    for (List<String> row : Csv.rows(PerElement.class, "costs.csv")) {
      long times = Long.parseLong(row.get(1));
      String of = row.get(2);
      String amount = times == 0 ? "0" : times == 1 ? of : times + " x " + of;
      table.add(row.get(0), amount + ": " + row.get(3), rule(times, of.equals("in")));
    }
  }

  private static CostRule rule(long times, boolean isOfInput) {
    if (times == 0) {
      return in -> Work.NONE;
    }
    return in -> Work.flops(isOfInput ? ofInput(in, times) : ofOutput(in, times));
  }

  /** {@code times} operations for each element of the first input. */
  static long ofInput(Operands in, long times) {
    return Sizes.multiply(times, in.type(0).elements());
  }

  /** {@code times} operations for each element of the first output. */
  static long ofOutput(Operands in, long times) {
    return Sizes.multiply(times, in.output(0).elements());
  }
}
