package dev.flopmeter.measure;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Sizes;
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
  private final Map<String, Node> byName = new HashMap<>();
  private final Map<String, Set<String>> readers = new HashMap<>();

  StepTraffic(Graph graph) {
    this.graph = graph;
    for (Node node : graph.nodes()) {
      byName.put(node.name(), node);
      for (String input : node.inputs()) {
        readers.computeIfAbsent(input, value -> new HashSet<>()).add(node.name());
      }
    }
  }

  /** Bytes in the model's own types; values whose shape depends on data are not in it. */
  long bytes(Step step) {
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
    long bytes = 0;
    for (String value : crossing) {
      bytes = Sizes.add(bytes, graph.type(value).map(type -> type.bytes()).orElse(0L));
    }
    return bytes;
  }
}
