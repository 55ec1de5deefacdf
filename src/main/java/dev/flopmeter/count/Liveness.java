package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.Captures;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The most memory activations take at once when nodes run one after the other. A buffer lives from
 * the node that writes it (inputs: from the start) to the last one that reads it or a view of it;
 * the graph's outputs live to the end. No operator works in place, weights are not in it, a body
 * adds its own peak while its operator runs.
 */
final class Liveness {
  private final Graph graph;
  private final Map<String, String> buffers = new HashMap<>();
  private final Map<String, Integer> lastUse = new HashMap<>();

  /** Values written in this graph; those of a graph around it are no buffers of its own. */
  private final Set<String> own = new HashSet<>();

  private Liveness(Graph graph) {
    this.graph = graph;
    own.addAll(graph.inputs());
    for (Node node : graph.nodes()) {
      own.addAll(node.outputs());
    }
  }

  static long peak(Graph graph) {
    return new Liveness(graph).peak();
  }

  private long peak() {
    List<Node> nodes = graph.nodes();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      if (Traffic.isView(node) && node.hasInput(0) && !node.outputs().isEmpty()) {
        buffers.put(node.outputs().get(0), buffer(node.inputs().get(0)));
      }
      for (String value : node.inputs()) {
        lastUse.put(buffer(value), i);
      }
      if (hasBodies(node)) {
        for (String value : Captures.of(node)) {
          lastUse.put(buffer(value), i);
        }
      }
    }
    for (String value : graph.outputs()) {
      lastUse.put(buffer(value), nodes.size());
    }
    List<List<String>> endingAt = new ArrayList<>();
    for (int i = 0; i <= nodes.size(); i++) {
      endingAt.add(List.of());
    }
    lastUse.forEach(
        (value, at) -> {
          if (endingAt.get(at).isEmpty()) {
            endingAt.set(at, new ArrayList<>());
          }
          endingAt.get(at).add(value);
        });
    return walk(nodes, endingAt);
  }

  private long walk(List<Node> nodes, List<List<String>> endingAt) {
    long live = 0;
    for (String input : graph.inputs()) {
      live = Sizes.add(live, bytes(input));
    }
    long peak = live;
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      for (String output : node.outputs()) {
        live = Sizes.add(live, bytes(output));
      }
      peak = Math.max(peak, hasBodies(node) ? Sizes.add(live, bodyPeak(node)) : live);
      for (String value : endingAt.get(i)) {
        live -= bytes(value);
      }
      for (String output : node.outputs()) {
        live -= lastUse.containsKey(buffer(output)) ? 0 : bytes(output);
      }
    }
    return peak;
  }

  private static boolean hasBodies(Node node) {
    for (Object value : node.attributes().asMap().values()) {
      if (value instanceof Graph) {
        return true;
      }
    }
    return false;
  }

  /** The largest of its bodies' own activations. */
  private static long bodyPeak(Node node) {
    long peak = 0;
    for (Object value : node.attributes().asMap().values()) {
      if (value instanceof Graph body) {
        peak = Math.max(peak, peak(body));
      }
    }
    return peak;
  }

  private String buffer(String value) {
    return buffers.getOrDefault(value, value);
  }

  /** Bytes of a buffer of its own; 0 for views, weights and values whose shape depends on data. */
  private long bytes(String value) {
    if (value.isEmpty() || buffers.containsKey(value)) {
      return 0;
    }
    TensorType type = graph.types().get(value);
    return type == null || !own.contains(value) ? 0 : type.bytes();
  }
}
