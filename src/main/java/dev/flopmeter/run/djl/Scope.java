package dev.flopmeter.run.djl;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values a graph sees: its own, and for the body of a control-flow operator those around it.
 */
final class Scope {
  private final Graph graph;
  private final @Nullable Scope outer;
  private final Set<String> own = new HashSet<>();

  Scope(Graph graph, @Nullable Scope outer) {
    this.graph = graph;
    this.outer = outer;
    own.addAll(graph.inputs());
    own.addAll(graph.constants().keySet());
    graph.nodes().forEach(node -> own.addAll(node.outputs()));
  }

  Graph graph() {
    return graph;
  }

  @Nullable TensorType type(String value) {
    TensorType type = graph.types().get(value);
    return type != null || outer == null || own.contains(value) ? type : outer.type(value);
  }

  @Nullable Tensor constant(String value) {
    Tensor tensor = graph.constants().get(value);
    return tensor != null || outer == null || own.contains(value) ? tensor : outer.constant(value);
  }

  Operands operands(Node node) {
    return new Operands(node, this::type, this::constant);
  }
}
