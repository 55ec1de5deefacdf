package dev.flopmeter.live;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Costs that follow from a call's batch, from one count.
 *
 * <p>MACs grow with the batch. Of the bytes, weights are read once a call and the rest grows; this
 * is exact at the counted batch; at others, for a model whose weights have one element type and one
 * reading layer each.
 *
 * @param fixedBatch the only batch allowed; null for any
 * @param flopsPerInference 2 x MACs of one inference
 * @param bytesPerCall the weights'
 * @param bytesPerInference all others
 */
record BatchCosts(
    Cost shown,
    List<Shape> countedShapes,
    @Nullable Long fixedBatch,
    double flopsPerInference,
    double bytesPerCall,
    double bytesPerInference)
    implements CallCosts {

  static BatchCosts of(Counts counts, @Nullable Long fixedBatch, String precision) {
    List<Shape> shapes =
        counts.model().inputs().stream().map(ModelInfo.Input::type).map(TensorType::shape).toList();
    long batch = shapes.isEmpty() ? 1 : new InputShapes(shapes).batch();
    if (batch < 1) {
      throw new IllegalArgumentException(
          "model '" + counts.model().name() + "' was counted for the batch " + batch);
    }
    Cost cost = counts.totals();
    double bytes = PrecisionBytes.bytes(counts, precision);
    double weights = Math.min(bytes, PrecisionBytes.weightBytes(counts, precision));
    return new BatchCosts(
        cost, shapes, fixedBatch, 2.0 * cost.macs() / batch, weights, (bytes - weights) / batch);
  }

  @Override
  public String batchLabel() {
    return fixedBatch == null ? "dynamic" : fixedBatch.toString();
  }

  /**
   * @throws IllegalArgumentException if they differ from the counted ones in more than the batch
   */
  long batch(InputShapes call) {
    boolean fits = call.shapes().size() == countedShapes.size();
    for (int i = 0; fits && i < countedShapes.size(); i++) {
      Shape counted = countedShapes.get(i);
      Shape given = call.shapes().get(i);
      fits =
          given.rank() == counted.rank()
              && (given.rank() == 0
                  || given.slice(1, given.rank()).equals(counted.slice(1, counted.rank())));
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "a call with the shapes %s does not match the model, which was counted for %s; use a count per shape for dynamic shapes"
              .formatted(call, countedShapes));
    }
    return call.batch();
  }
}
