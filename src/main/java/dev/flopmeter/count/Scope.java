package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the nodes of a graph see: its own values, and in a body those of the graphs around it. */
final class Scope {
  private final Graph graph;
  private final @Nullable Scope outer;

  /** Stands before names of this graph, so that no two graphs' names are alike. */
  private final String path;

  /** Values of a body itself, which hide those of the same name around it. */
  private final Set<String> own = new HashSet<>();

  private Scope(Graph graph, @Nullable Scope outer, String path) {
    this.graph = graph;
    this.outer = outer;
    this.path = path;
    if (outer != null) {
      own.addAll(graph.inputs());
      own.addAll(graph.constants().keySet());
      graph.nodes().forEach(node -> own.addAll(node.outputs()));
    }
  }

  static Scope of(Graph graph) {
    return new Scope(graph, null, "");
  }

  /** The scope of {@code node}'s body. */
  Scope inside(Node node, Graph body) {
    return new Scope(body, this, path + node.name() + "/");
  }

  Graph graph() {
    return graph;
  }

  String path() {
    return path;
  }

  Operands operands(Node node) {
    return new Operands(node, graph.types()::get, this::constant);
  }

  /** A name for {@code value} that is the same wherever that value is read. */
  String unique(String value) {
    return outer == null || own.contains(value) ? path + value : outer.unique(value);
  }

  private @Nullable Tensor constant(String value) {
    return outer == null || own.contains(value)
        ? graph.constants().get(value)
        : outer.constant(value);
  }
}
