package dev.flopmeter.count;

import static dev.flopmeter.count.PerElement.ofInput;
import static dev.flopmeter.count.PerElement.ofOutput;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;

/**
 * Operators that join elements or normalise them, by input, output and attributes. Joining n values
 * into one takes n - 1 operations; the few operations per group of a normalisation (epsilon, root,
 * division) are left out.
 */
final class ReductionCosts {
  private ReductionCosts() {}

  static void addTo(CostTable table) {
    // With the error function: x/2 (1 + erf(x / sqrt 2)); by tanh: two more powers and sums.
    table.flops(
        "Gelu",
        "5 x out (divide, erf, add, two multiplies); 9 x out where approximate is tanh",
        in -> ofOutput(in, in.attributes().text("approximate", "none").equals("tanh") ? 9 : 5));
    table.flops(
        "Max Min Sum",
        "(inputs - 1) x out: one operation to join each further input",
        in -> ofOutput(in, in.inputCount() - 1L));
    table.flops(
        "Mean", "inputs x out: the additions and a division", in -> ofOutput(in, in.inputCount()));
    table.flops(
        "BatchNormalization",
        "2 x in: multiply, add; scale and shift follow from stored statistics; in training mode"
            + " + 4 x in for the batch's own (sum, subtract, square, sum)",
        in -> ofInput(in, in.attributes().flag("training_mode", false) ? 6 : 2));
    table.flops(
        "LayerNormalization InstanceNormalization GroupNormalization",
        "5 x in (sum, subtract, square, sum, multiply), + in for a scale, + in for a shift",
        in -> ofInput(in, 5 + (in.has(1) ? 1 : 0) + (in.has(2) ? 1 : 0)));
    table.flops(
        "LRN",
        "(size + 4) x in: square, sum of size, multiply, add, power, divide",
        in -> ofInput(in, Sizes.add(in.attributes().integer("size"), 4)));
    table.flops(
        "NegativeLogLikelihoodLoss",
        "per label: 1 to negate, + 1 for a weight, + 1 to join them",
        ReductionCosts::likelihood);
    table.flops(
        "SoftmaxCrossEntropyLoss",
        "5 x in as LogSoftmax, then as NegativeLogLikelihoodLoss",
        in -> Sizes.add(ofInput(in, 5), likelihood(in)));
    joining(table, "ReduceSum ReduceProd ReduceMax ReduceMin ArgMax ArgMin", 0, 0, "join");
    joining(table, "ReduceMean", 0, 1, "sum, then one division per result");
    joining(table, "ReduceL1", 1, 0, "abs, sum");
    joining(table, "ReduceSumSquare", 1, 0, "square, sum");
    joining(table, "ReduceL2", 1, 1, "square, sum, then one root per result");
    joining(table, "ReduceLogSum", 0, 1, "sum, then one log per result");
    joining(table, "ReduceLogSumExp", 1, 1, "exp, sum, then one log per result");
    table.flops(
        "NonMaxSuppression",
        "scores: one comparison each with the threshold; how many boxes are compared is data",
        in -> in.type(1).elements());
    table.flops(
        "Scatter ScatterElements ScatterND",
        "0: moves data; with a reduction one operation per update",
        in -> in.attributes().text("reduction", "none").equals("none") ? 0 : in.type(2).elements());
  }

  private static long likelihood(Operands in) {
    boolean isReduced = !in.attributes().text("reduction", "mean").equals("none");
    long operations = 1L + (in.has(2) ? 1 : 0) + (isReduced ? 1 : 0);
    return Sizes.multiply(operations, in.type(1).elements());
  }

  /** {@code first} operations per input, the joining, and {@code last} per output. */
  private static void joining(CostTable table, String operators, int first, int last, String why) {
    table.flops(
        operators,
        (first == 0 ? "in" : "2 x in") + (last == 0 ? " - out" : "") + ": " + why,
        in -> {
          long joined = Math.max(0, in.type(0).elements() - in.output(0).elements());
          return Sizes.add(Sizes.add(joined, ofInput(in, first)), ofOutput(in, last));
        });
  }
}
