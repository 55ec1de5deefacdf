package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import java.util.List;
import java.util.Map;

/** Reductions: joining n values into one takes n - 1 operations, so in - out in all. */
final class ReductionCosts {
  private ReductionCosts() {}

  static void addTo(Map<String, CostRule> rules) {
    for (String op :
        List.of("ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ArgMax", "ArgMin")) {
      rules.put(op, joining(0, 0, "join"));
    }
    rules.put("ReduceMean", joining(0, 1, "sum, then one division per result"));
    rules.put("ReduceL1", joining(1, 0, "abs, sum"));
    rules.put("ReduceSumSquare", joining(1, 0, "square, sum"));
    rules.put("ReduceL2", joining(1, 1, "square, sum, then one root per result"));
    rules.put("ReduceLogSum", joining(0, 1, "sum, then one log per result"));
    rules.put("ReduceLogSumExp", joining(1, 1, "exp, sum, then one log per result"));
    rules.put("CumSum", PerElement.ofOutput(1, "one addition"));
    rules.put("CumProd", PerElement.ofOutput(1, "one multiplication"));
    rules.put("TopK", PerElement.ofInput(1, "at least one comparison"));
    rules.put("Unique", PerElement.ofInput(1, "at least one comparison"));
    rules.put("NonMaxSuppression", nonMaxSuppression());
    for (String op : List.of("Scatter", "ScatterElements", "ScatterND")) {
      rules.put(
          op,
          CostRule.described(
              "0: moves data; with a reduction one operation per update",
              in -> Work.flops(reduces(in) ? in.type(2).elements() : 0)));
    }
  }

  private static boolean reduces(Operands in) {
    return !in.attributes().text("reduction", "none").equals("none");
  }

  /** {@code first} operations per input, the joining, and {@code last} per output. */
  private static CostRule joining(int first, int last, String why) {
    String formula = (first == 0 ? "in" : "2 x in") + (last == 0 ? " - out" : "") + ": " + why;
    return CostRule.described(
        formula,
        in -> {
          long input = in.type(0).elements();
          long output = in.output(0).elements();
          long joined = Math.max(0, input - output);
          return Work.flops(
              Sizes.add(Sizes.add(joined, first * input), Sizes.multiply(last, output)));
        });
  }

  private static CostRule nonMaxSuppression() {
    return CostRule.described(
        "scores: one comparison each with the threshold; how many boxes are compared is data",
        in -> Work.flops(in.type(1).elements()));
  }
}
