package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.count.RunFacts.BodyRun;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Notes what a run shows of what depends on data: for each running graph, the innermost last, the
 * types and lengths that were not known and the bodies that ran. Not thread-safe.
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

  /** The values of a graph to note, by slot. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Watched(RunWatch watch, @Nullable String[] types, @Nullable String[] lengths) {
    /** The values of the graph of {@code scope} that a run tells more of. */
    static Watched of(RunWatch watch, GraphScope scope, Map<String, Integer> slots) {
      Watched watched = new Watched(watch, new String[slots.size()], new String[slots.size()]);
      scope.graph().inputs().forEach(value -> watched.addType(value, scope, slots));
      for (Node node : scope.graph().nodes()) {
        node.outputs().forEach(value -> watched.addType(value, scope, slots));
        RunFacts.lengths(scope.operands(node)).forEach(value -> add(value, slots, watched.lengths));
      }
      return watched;
    }

    private void addType(String value, GraphScope scope, Map<String, Integer> slots) {
      if (!value.isEmpty() && scope.type(value) == null) {
        add(value, slots, types);
      }
    }

    private static void add(String value, Map<String, Integer> slots, @Nullable String[] names) {
      Integer slot = slots.get(value);
      if (slot != null) {
        names[slot] = value;
      }
    }

    /** Notes what was written to these slots; negative ones do not exist. */
    void see(int[] written, @Nullable IValue[] values) {
      for (int slot : written) {
        IValue value = slot < 0 ? null : values[slot];
        if (value != null) {
          watch.see(types[slot], lengths[slot], value);
        }
      }
    }
  }

  private void see(@Nullable String type, @Nullable String lengths, IValue value) {
    Notes notes = running.getFirst();
    if (type != null) {
      notes.types.put(type, memory.describe(value));
    }
    if (lengths != null) {
      notes.lengths.put(lengths, memory.fetch(value));
    }
  }

  /** A graph starts to run. */
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

  /** What the graph that finished last has shown. */
  RunFacts last() {
    return last;
  }
}
