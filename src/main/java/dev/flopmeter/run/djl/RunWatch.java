package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.count.RunFacts.BodyRun;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Records the data-dependent facts of a run: for each running graph, the innermost last, the types
 * and lengths that were unknown and the bodies that ran. Not thread-safe.
 */
final class RunWatch {
  private final TorchMemory memory;
  private final Deque<Notes> running = new ArrayDeque<>();
  private RunFacts last = new RunFacts(Map.of(), Map.of(), Map.of());

  RunWatch(TorchMemory memory) {
    this.memory = memory;
  }

  private record Notes(
      Map<String, TensorType> types,
      Map<String, Tensor> lengths,
      Map<String, Map<BodyRun, Long>> bodies) {}

  /**
   * The values of a graph to note.
   *
   * @param names the values by slot
   * @param types those whose type is not known
   * @param lengths those that work follows from
   */
  record Watched(RunWatch watch, List<String> names, Set<String> types, Set<String> lengths) {
    /** The values of the graph of {@code scope} about which a run gives more information. */
    static Watched of(RunWatch watch, GraphScope scope, Collection<String> names) {
      Graph graph = scope.graph();
      Stream<String> outputs = graph.nodes().stream().flatMap(node -> node.outputs().stream());
      Set<String> types =
          Stream.concat(graph.inputs().stream(), outputs)
              .filter(value -> !value.isEmpty() && scope.type(value) == null)
              .collect(Collectors.toSet());
      Set<String> lengths =
          graph.nodes().stream()
              .flatMap(node -> RunFacts.lengths(scope.operands(node)))
              .collect(Collectors.toSet());
      return new Watched(watch, List.copyOf(names), types, lengths);
    }

    /** Notes what was written to these slots; negative ones do not exist. */
    void see(int[] written, @Nullable IValue[] values) {
      Notes notes = watch.running.getFirst();
      for (int slot : written) {
        IValue value = slot < 0 ? null : values[slot];
        if (value != null && types.contains(names.get(slot))) {
          notes.types.put(names.get(slot), watch.memory.describe(value));
        }
        if (value != null && lengths.contains(names.get(slot))) {
          notes.lengths.put(names.get(slot), watch.memory.fetch(value));
        }
      }
    }
  }

  void start() {
    running.push(new Notes(new HashMap<>(), new HashMap<>(), new HashMap<>()));
  }

  /** The innermost graph has finished. */
  void end() {
    Notes notes = running.pop();
    last = new RunFacts(notes.types, notes.lengths, notes.bodies);
  }

  /** The node of a body starts: it may run none. */
  void start(Node node) {
    running.getFirst().bodies.putIfAbsent(node.name(), new LinkedHashMap<>());
  }

  /** The graph that has just finished was the body of {@code node} in this attribute. */
  void ran(Node node, String attribute) {
    running
        .getFirst()
        .bodies
        .computeIfAbsent(node.name(), any -> new LinkedHashMap<>())
        .merge(new BodyRun(attribute, last), 1L, Long::sum);
  }

  /** The facts of the graph that finished last. */
  RunFacts last() {
    return last;
  }
}
