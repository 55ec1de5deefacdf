package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The most memory activations take at once when nodes run one after the other. A buffer lives from
 * the node that writes it (inputs: from the start) to the last one that reads it or a view of it;
 * the graph's outputs live to the end. No operator works in place, weights are not included, a body
 * adds its own peak while its operator runs.
 */
final class Liveness {
  private final Graph graph;

  /**
   * By value, the first one in the memory that it shares with its views; weights and values of
   * enclosing graphs have none.
   */
  private final Map<String, String> buffers = new HashMap<>();

  /** The position of the last node that uses a buffer, by the first value in it. */
  private final Map<String, Integer> lastUses = new HashMap<>();

  private Liveness(Graph graph) {
    this.graph = graph;
  }

  /**
   * @param bodyPeaks the peak of the largest body of each control-flow node, by node name
   */
  static long peak(Graph graph, Map<String, Long> bodyPeaks) {
    return new Liveness(graph).peak(bodyPeaks);
  }

  private long peak(Map<String, Long> bodyPeaks) {
    List<Node> nodes = graph.nodes();
    long live = 0;
    for (String input : graph.inputs()) {
      live = Sizes.add(live, open(input, nodes.size()));
    }
    long[] written = new long[nodes.size()];
    for (int i = 0; i < nodes.size(); i++) {
      written[i] = run(nodes.get(i), i);
    }
    for (String output : graph.outputs()) {
      use(output, nodes.size());
    }
    long[] freed = new long[nodes.size() + 1];
    // Each has been added up once, below 2^63.
    for (Map.Entry<String, Integer> last : lastUses.entrySet()) {
      freed[last.getValue()] += bytes(last.getKey());
    }
    long peak = live;
    for (int i = 0; i < nodes.size(); i++) {
      live = Sizes.add(live, written[i]);
      long inBody = bodyPeaks.getOrDefault(nodes.get(i).name(), 0L);
      peak = Math.max(peak, Sizes.add(live, inBody));
      live -= freed[i];
    }
    return peak;
  }

  /** Uses what a node reads; returns the bytes that come to life with it. */
  private long run(Node node, int at) {
    long written = 0;
    if (graph.isComputedAtLoad(node)) {
      return written; // it writes weights
    }
    for (String value : GraphLinks.reads(node)) {
      use(value, at);
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      String output = node.outputs().get(i);
      if (i == 0 && OperatorTrait.VIEW.of(node) && node.hasInput(0)) {
        String viewed = buffers.get(node.inputs().get(0));
        if (viewed != null) {
          buffers.put(output, viewed);
        }
      } else if (!output.isEmpty()) {
        written = Sizes.add(written, open(output, at));
      }
    }
    return written;
  }

  private void use(String value, int at) {
    String buffer = buffers.get(value);
    if (buffer != null) {
      lastUses.put(buffer, at);
    }
  }

  /** Gives a value a buffer that lives to {@code last} unless it is used; returns its bytes. */
  private long open(String value, int last) {
    buffers.put(value, value);
    lastUses.put(value, last);
    return bytes(value);
  }

  private long bytes(String value) {
    TensorType type = graph.types().get(value);
    return type == null ? 0 : type.bytes();
  }
}
