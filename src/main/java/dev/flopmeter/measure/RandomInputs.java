package dev.flopmeter.measure;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.range.Allowed;
import dev.flopmeter.model.range.Allowed.Exactly;
import dev.flopmeter.model.range.Allowed.Range;
import dev.flopmeter.model.range.AllowedInputs;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Seeded inputs for a graph. Never zeros, which toggle no wires, draw less power and run faster
 * than real data. Floating-point values are spread over [-1, 1). Integers that an operator reads as
 * indices, lengths or sizes are spread over the values it accepts there. Other integers, such as
 * masks, are ones, because masks with random gaps are unrealistic.
 */
public final class RandomInputs {
  private static final Range ONES = new Range(1, 1);

  private RandomInputs() {}

  /** One tensor per input; an input whose value was bound beforehand keeps that value. */
  public static Map<String, Tensor> of(Graph graph, long seed) {
    Map<String, Allowed> allowed = AllowedInputs.of(graph);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    long next = seed;
    for (String input : graph.inputs()) {
      TensorType type = graph.requireType(input);
      long own = next++;
      inputs.put(input, graph.constant(input).orElseGet(() -> draw(type, allowed.get(input), own)));
    }
    return inputs;
  }

  private static Tensor draw(TensorType type, @Nullable Allowed allowed, long seed) {
    if (allowed instanceof Exactly exactly && exactly.values().size() == type.elements()) {
      double[] values = exactly.values().stream().mapToDouble(Long::doubleValue).toArray();
      return DenseTensor.ofDoubles(type, values);
    }
    if (type.type().isInteger() || type.type() == DataType.BOOL) {
      Range range = allowed instanceof Range some ? some : ONES;
      long high = Math.min(range.high(), largest(type.type()));
      return new RandomTensor(type, seed, range.low(), range.low() < high ? high + 1.0 : high);
    }
    Range range = allowed instanceof Range some ? some : new Range(-1, 1);
    return new RandomTensor(type, seed, range.low(), range.high());
  }

  private static long largest(DataType type) {
    return type == DataType.BOOL ? 1 : Long.MAX_VALUE >>> (Long.SIZE - type.bits());
  }
}
