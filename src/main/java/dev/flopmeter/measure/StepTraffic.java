package dev.flopmeter.measure;

import dev.flopmeter.count.Moved;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.Precision;
import dev.flopmeter.run.Step;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Compulsory bytes of steps: what crosses a step's border, each value once. For a step of one node
 * that is what {@code count} says; values between fused nodes never leave the chip and are not in
 * it.
 */
final class StepTraffic {
  private final Graph graph;

  /** A model's float32 values are stored at the run's precision, its integers as they are. */
  private final double floatScale;

  private final Map<String, Node> byName = new HashMap<>();
  private final Map<String, Set<String>> readers = new HashMap<>();

  StepTraffic(Graph graph, Precision precision) {
    this.graph = graph;
    this.floatScale = precision.bytes() / 4.0;
    for (Node node : graph.nodes()) {
      byName.put(node.name(), node);
      for (String input : node.inputs()) {
        readers.computeIfAbsent(input, value -> new HashSet<>()).add(node.name());
      }
    }
  }

  /** Bytes of a whole count, at the run's precision. */
  double bytes(Map<DataType, Moved> byType) {
    double bytes = 0;
    for (Map.Entry<DataType, Moved> entry : byType.entrySet()) {
      Moved moved = entry.getValue();
      bytes += scale(entry.getKey()) * ((double) moved.read() + moved.written());
    }
    return bytes;
  }

  private double scale(DataType type) {
    return type == DataType.FLOAT ? floatScale : 1;
  }

  /** Bytes at the run's precision; values whose shape depends on data are not in it. */
  double bytes(Step step) {
    List<Node> nodes = step.nodes().stream().map(byName::get).filter(Objects::nonNull).toList();
    Set<String> names = new HashSet<>(step.nodes());
    Set<String> written = new HashSet<>();
    nodes.forEach(node -> written.addAll(node.outputs()));
    Set<String> crossing = new HashSet<>();
    for (Node node : nodes) {
      for (String input : node.inputs()) {
        if (!written.contains(input)) {
          crossing.add(input);
        }
      }
      for (String output : node.outputs()) {
        boolean leaves =
            graph.outputs().contains(output)
                || !names.containsAll(readers.getOrDefault(output, Set.of()));
        if (leaves) {
          crossing.add(output);
        }
      }
    }
    double bytes = 0;
    for (String value : crossing) {
      TensorType type = graph.types().get(value);
      bytes += type == null ? 0 : scale(type.type()) * type.bytes();
    }
    return bytes;
  }
}
