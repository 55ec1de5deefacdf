package dev.flopmeter.measure;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Seeded inputs for a graph. Never zeros: they toggle no wires, draw less power and run faster than
 * real data. Floating-point values are spread over [-1, 1); integers that index a table are spread
 * over its rows; other integers, such as masks, are ones, because a mask of random gaps is no case
 * that anyone runs.
 */
public final class RandomInputs {
  /** Operators whose output holds the same numbers as their first input. */
  private static final Set<String> RENAMING =
      Set.of("Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose");

  private RandomInputs() {}

  /** One tensor per input; an input whose value was bound beforehand keeps that value. */
  public static Map<String, Tensor> of(Graph graph, long seed) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    long next = seed;
    for (String input : graph.inputs()) {
      TensorType type = graph.requireType(input);
      long own = next++;
      inputs.put(input, graph.constant(input).orElseGet(() -> draw(graph, input, type, own)));
    }
    return inputs;
  }

  private static Tensor draw(Graph graph, String input, TensorType type, long seed) {
    if (type.type().isInteger()) {
      long rows = rows(graph, input);
      return rows > 1 ? new RandomTensor(type, seed, 0, rows) : new RandomTensor(type, seed, 1, 1);
    }
    if (type.type() == DataType.BOOL) {
      return new RandomTensor(type, seed, 1, 1);
    }
    return new RandomTensor(type, seed, -1, 1);
  }

  /** Rows of the smallest table that this input indexes; 0 if it indexes none. */
  private static long rows(Graph graph, String input) {
    Set<String> copies = new HashSet<>(Set.of(input));
    long rows = 0;
    for (Node node : graph.nodes()) {
      if (node.inputs().isEmpty()) {
        continue;
      }
      if (RENAMING.contains(node.op()) && copies.contains(node.inputs().get(0))) {
        copies.addAll(node.outputs());
      }
      boolean indexes =
          node.op().equals("Gather") && node.hasInput(1) && copies.contains(node.inputs().get(1));
      if (indexes && graph.type(node.inputs().get(0)).isPresent()) {
        Shape table = graph.requireType(node.inputs().get(0)).shape();
        long size = table.dim(table.axis(node.attributes().integer("axis", 0)));
        rows = rows == 0 ? size : Math.min(rows, size);
      }
    }
    return rows;
  }
}
