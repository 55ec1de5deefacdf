package dev.flopmeter.model;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values that the nodes of a graph see: its own and, in the body of a control-flow operator,
 * those of enclosing graphs. A value of the body hides an outer one with the same name.
 */
public final class GraphScope implements Operands.Values {
  private final Graph graph;
  private final @Nullable GraphScope outer;
  private final String path;
  private final Set<String> own = new HashSet<>();

  private GraphScope(Graph graph, @Nullable GraphScope outer, String path) {
    this.graph = graph;
    this.outer = outer;
    this.path = path;
    if (outer != null) {
      own.addAll(graph.inputs());
      own.addAll(graph.constants().keySet());
      for (Node node : graph.nodes()) {
        own.addAll(node.outputs());
      }
    }
  }

  /** The scope of a model's main graph. */
  public static GraphScope of(Graph graph) {
    return new GraphScope(graph, null, "");
  }

  /** The scope of {@code body}, which {@code node} of this graph runs. */
  public GraphScope inside(Node node, Graph body) {
    return new GraphScope(body, this, path + node.name() + "/");
  }

  public Graph graph() {
    return graph;
  }

  /** The names of the nodes around this body, each followed by a slash; empty for a main graph. */
  public String path() {
    return path;
  }

  /** The type of a value; null where it depends on data. */
  @Override
  public @Nullable TensorType type(String value) {
    TensorType type = graph.types().get(value);
    return type != null || isOwn(value) ? type : outer().type(value);
  }

  /** The value of a constant; null if it is computed. */
  @Override
  public @Nullable Tensor constant(String value) {
    return isOwn(value) ? graph.constants().get(value) : outer().constant(value);
  }

  /** A node of this graph with the known facts of its inputs and outputs. */
  public Operands operands(Node node) {
    return new Operands(node, this);
  }

  /** Whether this graph itself, not an enclosing one, has the value. */
  public boolean isOwn(String value) {
    return outer == null || own.contains(value);
  }

  private GraphScope outer() {
    if (outer == null) {
      throw new IllegalStateException("a main graph has no enclosing graph");
    }
    return outer;
  }
}
