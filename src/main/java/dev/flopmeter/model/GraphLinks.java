package dev.flopmeter.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The writer and the readers of each value of a graph, found once; immutable. The operator of a
 * body reads what the body reads of enclosing graphs.
 */
public final class GraphLinks {
  private final Map<String, Node> nodes = new HashMap<>();
  private final Map<String, Node> writers = new HashMap<>();
  private final Map<String, List<Node>> readers = new HashMap<>();
  private final Set<String> returned;

  public GraphLinks(Graph graph) {
    this(graph.nodes(), graph.outputs());
  }

  /** The links of nodes that are not bound to a graph yet; of two writers or names, the last. */
  public GraphLinks(List<Node> all, List<String> outputs) {
    returned = Set.copyOf(outputs);
    for (Node node : all) {
      nodes.put(node.name(), node);
      for (String value : node.outputs()) {
        writers.put(value, node);
      }
      for (String value : reads(node)) {
        readers.putIfAbsent(value, new ArrayList<>());
        readers.get(value).add(node);
      }
    }
    writers.remove("");
    readers.remove("");
  }

  /** The node of this name; null if the graph has none. */
  public @Nullable Node node(String name) {
    return nodes.get(name);
  }

  /** The node that writes {@code value}; null for inputs, constants and values of other graphs. */
  public @Nullable Node writer(String value) {
    return writers.get(value);
  }

  /** The nodes that read {@code value}, in order; a node that reads it twice is listed twice. */
  public List<Node> readers(String value) {
    return readers.getOrDefault(value, List.of());
  }

  /** Whether {@code value} is an output of the graph. */
  public boolean isReturned(String value) {
    return returned.contains(value);
  }

  /** Whether nothing reads {@code value} and the graph does not return it. */
  public boolean isUnused(String value) {
    return readers(value).isEmpty() && !isReturned(value);
  }

  /** The only reader of {@code value}, if it reads it once and no output returns it; else null. */
  public @Nullable Node onlyReader(String value) {
    List<Node> all = readers(value);
    return all.size() == 1 && !isReturned(value) ? all.get(0) : null;
  }

  /** The only reader of the first output of {@code node}; null as for a value. */
  public @Nullable Node onlyReader(Node node) {
    return onlyReader(node.outputs().get(0));
  }

  /** The inputs of a node slot by slot, without omitted ones, then its captures. */
  public static List<String> reads(Node node) {
    List<String> read = new ArrayList<>();
    for (String input : node.inputs()) {
      if (!input.isEmpty()) {
        read.add(input);
      }
    }
    read.addAll(captures(node));
    return read;
  }

  /** The values that the bound bodies of {@code node} read of the graphs around them, each once. */
  public static Set<String> captures(Node node) {
    Set<String> captured = Set.of();
    for (Graph body : node.attributes().bodies()) {
      captured = new HashSet<>(captured);
      captured.addAll(captures(body));
    }
    return captured;
  }

  private static Set<String> captures(Graph body) {
    Set<String> own = new HashSet<>(body.inputs());
    own.addAll(body.constants().keySet());
    body.nodes().forEach(node -> own.addAll(node.outputs()));
    Set<String> read = new HashSet<>(body.outputs());
    for (Node node : body.nodes()) {
      read.addAll(reads(node));
    }
    read.removeAll(own);
    read.remove("");
    return read;
  }
}
