package dev.flopmeter.run.djl;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.bind.Captures;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who writes and who reads the values of a graph. */
final class Links {
  private final Map<String, Node> writers = new HashMap<>();
  private final Map<String, List<Node>> readers = new HashMap<>();
  private final Set<String> returned;

  Links(Graph graph) {
    this.returned = Set.copyOf(graph.outputs());
    for (Node node : graph.nodes()) {
      node.outputs().forEach(value -> writers.put(value, node));
      List<String> read = new ArrayList<>(node.inputs());
      read.addAll(Captures.of(node));
      read.forEach(value -> readers.computeIfAbsent(value, any -> new ArrayList<>()).add(node));
    }
  }

  @Nullable Node writer(String value) {
    return writers.get(value);
  }

  /** The one node that reads what {@code node} writes, once, if nothing else needs it. */
  @Nullable Node onlyReader(Node node) {
    String value = node.outputs().get(0);
    List<Node> all = readers.getOrDefault(value, List.of());
    return all.size() == 1 && !returned.contains(value) ? all.get(0) : null;
  }
}
