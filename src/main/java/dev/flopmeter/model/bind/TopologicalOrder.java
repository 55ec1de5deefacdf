package dev.flopmeter.model.bind;

import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;

/** Puts nodes after those whose outputs they read; keeps the written order where it is valid. */
final class TopologicalOrder {
  private TopologicalOrder() {}

  /**
   * @throws ModelException if nodes wait for each other, with one of them named
   */
  static List<Node> of(List<Node> nodes) {
    List<List<Integer>> readers = readers(nodes);
    int[] waiting = new int[nodes.size()];
    for (List<Integer> some : readers) {
      for (int reader : some) {
        waiting[reader]++;
      }
    }
    Queue<Integer> ready = new PriorityQueue<>(); // the one written first comes first
    for (int i = 0; i < waiting.length; i++) {
      if (waiting[i] == 0) {
        ready.add(i);
      }
    }
    List<Node> order = new ArrayList<>(nodes.size());
    while (!ready.isEmpty()) {
      int next = ready.remove();
      order.add(nodes.get(next));
      for (int reader : readers.get(next)) {
        if (--waiting[reader] == 0) {
          ready.add(reader);
        }
      }
    }
    for (int i = 0; i < waiting.length; i++) {
      if (waiting[i] > 0) {
        throw new ModelException(nodes.get(i).describe() + " is part of a cycle");
      }
    }
    return order;
  }

  /** For each node, those that read what it writes; a node once for each value. */
  private static List<List<Integer>> readers(List<Node> nodes) {
    Map<String, Integer> writers = new HashMap<>();
    List<List<Integer>> readers = new ArrayList<>(nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      readers.add(new ArrayList<>());
      for (String output : nodes.get(i).outputs()) {
        writers.putIfAbsent(output, i);
      }
    }
    writers.remove(""); // the name of what is left out
    for (int i = 0; i < nodes.size(); i++) {
      for (String operand : reads(nodes.get(i))) {
        Integer writer = writers.get(operand);
        if (writer != null) {
          readers.get(writer).add(i);
        }
      }
    }
    return readers;
  }

  /** Inputs, and what the bodies of control flow read from around them; some maybe twice. */
  private static Collection<String> reads(Node node) {
    Collection<String> reads = node.inputs();
    for (Object value : node.attributes().asMap().values()) {
      if (value instanceof GraphTemplate body) {
        reads = new HashSet<>(reads);
        reads.addAll(reads(body));
      }
    }
    return reads;
  }

  /** A body's own names may also be written later outside: it does not read those. */
  private static Set<String> reads(GraphTemplate body) {
    Set<String> reads = new HashSet<>();
    body.nodes().forEach(inner -> reads.addAll(reads(inner)));
    body.outputs().forEach(output -> reads.add(output.name()));
    body.inputs().forEach(input -> reads.remove(input.name()));
    reads.removeAll(body.initializers().keySet());
    body.nodes().forEach(inner -> inner.outputs().forEach(reads::remove));
    return reads;
  }
}
