package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The most memory activations take at once when nodes run one after the other. A buffer lives from
 * the node that writes it (inputs: from the start) to the last one that reads it or a view of it;
 * the graph's outputs live to the end. No operator works in place, weights are not in it, a body
 * adds its own peak while its operator runs.
 */
final class Liveness {
  /** Memory that a value and the views of it share. */
  private static final class Buffer {
    final long bytes;
    int lastUse;

    Buffer(long bytes, int lastUse) {
      this.bytes = bytes;
      this.lastUse = lastUse;
    }
  }

  private final Graph graph;
  private final Map<String, Long> bodyPeaks;

  /** By value; weights, and values of a graph around this one, have none. */
  private final Map<String, Buffer> buffers = new HashMap<>();

  private final List<Buffer> all = new ArrayList<>();

  /** Bytes that come to life with each node. */
  private final long[] written;

  private Liveness(Graph graph, Map<String, Long> bodyPeaks) {
    this.graph = graph;
    this.bodyPeaks = bodyPeaks;
    this.written = new long[graph.nodes().size()];
  }

  /**
   * @param bodyPeaks the peak of the largest body of each control-flow node, by node name
   */
  static long peak(Graph graph, Map<String, Long> bodyPeaks) {
    return new Liveness(graph, bodyPeaks).peak();
  }

  private long peak() {
    List<Node> nodes = graph.nodes();
    long atStart = 0;
    for (String input : graph.inputs()) {
      atStart = Sizes.add(atStart, open(input, nodes.size()));
    }
    for (int i = 0; i < nodes.size(); i++) {
      run(nodes.get(i), i);
    }
    for (String output : graph.outputs()) {
      use(output, nodes.size());
    }
    long[] freed = new long[nodes.size() + 1];
    for (Buffer buffer : all) {
      freed[buffer.lastUse] += buffer.bytes; // each has been added up once, below 2^63
    }
    long live = atStart;
    long peak = live;
    for (int i = 0; i < nodes.size(); i++) {
      live = Sizes.add(live, written[i]);
      long inBody = bodyPeaks.getOrDefault(nodes.get(i).name(), 0L);
      peak = Math.max(peak, Sizes.add(live, inBody));
      live -= freed[i];
    }
    return peak;
  }

  private void run(Node node, int at) {
    if (graph.isComputedAtLoad(node)) {
      return; // it writes weights
    }
    GraphLinks.reads(node).forEach(value -> use(value, at));
    for (int i = 0; i < node.outputs().size(); i++) {
      String output = node.outputs().get(i);
      if (i == 0 && OperatorTrait.VIEW.of(node) && node.hasInput(0)) {
        Buffer viewed = buffers.get(node.inputs().get(0));
        if (viewed != null) {
          buffers.put(output, viewed);
        }
      } else if (!output.isEmpty()) {
        written[at] = Sizes.add(written[at], open(output, at));
      }
    }
  }

  private void use(String value, int at) {
    Buffer buffer = buffers.get(value);
    if (buffer != null) {
      buffer.lastUse = at;
    }
  }

  /** Gives a value a buffer that lives to {@code last} unless it is used; returns its bytes. */
  private long open(String value, int last) {
    TensorType type = graph.types().get(value);
    Buffer buffer = new Buffer(type == null ? 0 : type.bytes(), last);
    buffers.put(value, buffer);
    all.add(buffer);
    return buffer.bytes;
  }
}
