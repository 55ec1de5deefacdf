package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who writes and reads each value of a graph; found at the first question, as few ask. */
final class Surroundings {
  private final Graph graph;
  private @Nullable Map<String, String> writers;
  private @Nullable Map<String, List<String>> readers;

  Surroundings(Graph graph) {
    this.graph = graph;
  }

  String writer(String value) {
    Map<String, String> known = writers;
    if (known == null) {
      known = new HashMap<>();
      for (Node node : graph.nodes()) {
        for (String output : node.outputs()) {
          known.put(output, node.qualifiedOp());
        }
      }
      writers = known;
    }
    return known.getOrDefault(value, "");
  }

  List<String> readers(String value) {
    Map<String, List<String>> known = readers;
    if (known == null) {
      known = new HashMap<>();
      for (Node node : graph.nodes()) {
        for (String input : node.inputs()) {
          known.computeIfAbsent(input, name -> new ArrayList<>()).add(node.qualifiedOp());
        }
      }
      for (String output : graph.outputs()) {
        known.computeIfAbsent(output, name -> new ArrayList<>()).add("");
      }
      readers = known;
    }
    return known.getOrDefault(value, List.of());
  }
}
