package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * In which format each convolution computes, from times measured in both and what a conversion
 * between two neighbours costs.
 */
public final class LayoutChoice {
  /** Flipping one after the other settles in a few rounds; this only bounds it. */
  private static final int MOST_ROUNDS = 10;

  private LayoutChoice() {}

  /** What is taken where nothing is measured: tensor cores want 16-bit types channels last. */
  public static Function<String, MemoryLayout> of(RunOptions options) {
    boolean isPlain =
        options.layout() == Layout.AUTO
            ? ElementType.of(options.precision()) == ElementType.F32
            : options.layout() == Layout.NCHW;
    MemoryLayout format = isPlain ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    return node -> format;
  }

  /** Whether there is anything to choose. */
  public static boolean isOpen(Graph graph, RunOptions options) {
    return options.layout() == Layout.AUTO && !convolutions(graph).isEmpty();
  }

  /** The names of the convolutions that can compute in either format. */
  public static List<Node> convolutions(Graph graph) {
    return graph.nodes().stream()
        .filter(node -> node.qualifiedOp().equals("Conv"))
        .filter(node -> graph.constant(node.inputs().get(1)).isPresent())
        .filter(node -> graph.requireType(node.inputs().get(0)).shape().rank() == 4)
        .toList();
  }

  /** A place where a value passes from one convolution to the next. */
  record Edge(String from, String to, long elements) {}

  /** The edges between convolutions, other operators in between left out. */
  public static List<Edge> edges(Graph graph) {
    Set<String> chosen = new HashSet<>();
    convolutions(graph).forEach(node -> chosen.add(node.name()));
    Map<String, Set<String>> origins = new HashMap<>();
    List<Edge> edges = new ArrayList<>();
    for (Node node : graph.nodes()) {
      Set<String> incoming = new HashSet<>();
      node.inputs().forEach(value -> incoming.addAll(origins.getOrDefault(value, Set.of())));
      Set<String> outgoing = incoming;
      if (chosen.contains(node.name())) {
        long elements = graph.requireType(node.inputs().get(0)).elements();
        incoming.forEach(from -> edges.add(new Edge(from, node.name(), elements)));
        outgoing = Set.of(node.name());
      }
      for (String output : node.outputs()) {
        origins.put(output, outgoing);
      }
    }
    return edges;
  }

  /**
   * The cheapest formats found by flipping one convolution at a time, begun with the format that is
   * faster for all together.
   *
   * @param seconds by format, by name of the convolution
   * @param secondsPerElement of a conversion
   */
  public static Map<String, MemoryLayout> cheapest(
      Map<MemoryLayout, Map<String, Double>> seconds, List<Edge> edges, double secondsPerElement) {
    Map<String, Double> plain = seconds.getOrDefault(MemoryLayout.PLAIN, Map.of());
    Map<String, Double> last = seconds.getOrDefault(MemoryLayout.CHANNELS_LAST, Map.of());
    MemoryLayout start = sum(plain) <= sum(last) ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    Map<String, MemoryLayout> formats = new LinkedHashMap<>();
    plain.keySet().forEach(name -> formats.put(name, start));
    boolean isChanging = true;
    for (int round = 0; round < MOST_ROUNDS && isChanging; round++) {
      isChanging = false;
      for (String name : plain.keySet()) {
        MemoryLayout now = formats.getOrDefault(name, start);
        MemoryLayout other =
            now == MemoryLayout.PLAIN ? MemoryLayout.CHANNELS_LAST : MemoryLayout.PLAIN;
        double before = cost(name, now, formats, seconds, edges, secondsPerElement);
        double after = cost(name, other, formats, seconds, edges, secondsPerElement);
        if (after < before) {
          formats.put(name, other);
          isChanging = true;
        }
      }
    }
    return formats;
  }

  private static double sum(Map<String, Double> seconds) {
    return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  private static double cost(
      String name,
      MemoryLayout format,
      Map<String, MemoryLayout> formats,
      Map<MemoryLayout, Map<String, Double>> seconds,
      List<Edge> edges,
      double secondsPerElement) {
    double cost =
        seconds.getOrDefault(format, Map.of()).getOrDefault(name, Double.POSITIVE_INFINITY);
    for (Edge edge : edges) {
      boolean leaves = edge.from().equals(name);
      if (leaves != edge.to().equals(name)) {
        MemoryLayout neighbour = formats.get(leaves ? edge.to() : edge.from());
        cost += neighbour == format ? 0 : edge.elements() * secondsPerElement;
      }
    }
    return cost;
  }
}
