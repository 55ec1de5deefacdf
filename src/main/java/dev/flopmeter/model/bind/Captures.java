package dev.flopmeter.model.bind;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import java.util.HashSet;
import java.util.Set;

/** The values that bodies of control-flow operators read from the graph around them. */
public final class Captures {
  private Captures() {}

  /** Outer values read by the bound bodies of {@code node}. */
  public static Set<String> of(Node node) {
    Set<String> captured = Set.of();
    for (Object value : node.attributes().asMap().values()) {
      if (value instanceof Graph body) {
        captured = new HashSet<>(captured);
        captured.addAll(of(body));
      }
    }
    return captured;
  }

  private static Set<String> of(Graph body) {
    Set<String> own = new HashSet<>(body.inputs());
    own.addAll(body.constants().keySet());
    body.nodes().forEach(node -> own.addAll(node.outputs()));
    Set<String> read = new HashSet<>(body.outputs());
    for (Node node : body.nodes()) {
      read.addAll(node.inputs());
      read.addAll(of(node));
    }
    read.removeAll(own);
    read.remove("");
    return read;
  }
}
