package dev.flopmeter.count;

import dev.flopmeter.model.Shape;
import java.util.List;

/**
 * One node's cost.
 *
 * @param op qualified operator name
 * @param outputShapes shapes of its outputs; empty if they depend on data
 * @param activations elements that it writes as a convolution or product, see {@link
 *     Counts#activations()}
 * @param isCounted false if no rule knows the operator, so that {@code cost} has only bytes
 * @param isAsRun whether it depends on data and holds for the run that was counted
 */
public record LayerCost(
    String name,
    String op,
    List<Shape> outputShapes,
    Cost cost,
    long activations,
    boolean isCounted,
    boolean isAsRun) {
  public LayerCost {
    outputShapes = List.copyOf(outputShapes);
  }

  LayerCost asRun() {
    return new LayerCost(name, op, outputShapes, cost, activations, isCounted, true);
  }
}
