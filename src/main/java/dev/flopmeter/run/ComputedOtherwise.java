package dev.flopmeter.run;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.result.Precision;
import java.util.ArrayList;
import java.util.List;

/**
 * Notes about a model whose count assumes something other than the floating-point arithmetic of the
 * backend.
 */
public final class ComputedOtherwise {
  private ComputedOtherwise() {}

  /**
   * The notes about a plan, one sentence each.
   *
   * @param graph of the model, or with composed nodes replaced by others
   * @param onIntegers how many convolutions and products run in 8 bits nevertheless
   * @param precision that MFU is a share of
   */
  public static List<String> notes(Graph graph, long onIntegers, Precision precision) {
    List<String> notes = new ArrayList<>();
    long quantised = owners(graph, OperatorTrait.QUANTIZED);
    if (quantised > 0 && onIntegers == 0) {
      notes.add(
          ("the model is quantised (%s nodes), and this backend computes it in floating point: these"
                  + " times are not those of INT8")
              .formatted(quantised));
    }
    if (onIntegers > 0) {
      notes.add(
          ("%s convolutions and products of the quantised model run in 8 bits, the rest in floating"
                  + " point: MFU is a share of the peak in %s")
              .formatted(onIntegers, precision.label()));
    }
    long routed = owners(graph, OperatorTrait.ROUTED);
    if (routed > 0) {
      notes.add(
          ("this backend computes all experts of %s nodes, of which the chosen ones are counted: MFU"
                  + " is too low by that")
              .formatted(routed));
    }
    return notes;
  }

  private static long owners(Graph graph, OperatorTrait trait) {
    return graph.nodes().stream()
        .filter(node -> trait.of(node) || trait.has(Decompositions.ownerOperator(node)))
        .map(Decompositions::owner)
        .distinct()
        .count();
  }
}
