package dev.flopmeter.run.trace;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.trace.Trace.Kernel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads the profile of one ONNX Runtime session: events {@code <node>_kernel_time} in whole
 * microseconds, and one {@code model_run} for each run, which ONNX Runtime writes behind its nodes.
 * In a file that another tool has sorted, it may stand before them.
 */
public final class OnnxRuntimeProfile {
  /** The least time that the profiler resolves: two of its microseconds. */
  public static final double FLOOR_SECONDS = 2e-6;

  private static final String NODE_END = "_kernel_time";

  /** At this many events, ONNX Runtime stops to record. */
  private static final long EVENT_LIMIT = 1_000_000;

  private final Map<String, Series> nodes = new LinkedHashMap<>();
  private final Map<Long, List<Timed>> open = new HashMap<>();
  private final List<Run> runs = new ArrayList<>();
  private final Set<String> providers = new TreeSet<>();
  private final Set<String> types = new HashSet<>();
  private final Set<Long> running = new HashSet<>();
  private @Nullable Long process;
  private int sessions;
  private long arenaPeak;
  private long arenaLeast = Long.MAX_VALUE;

  private OnnxRuntimeProfile() {}

  /** When a run began and ended, in microseconds. */
  private record Run(double start, double end) {
    /** Starts and lengths are cut to whole microseconds apart, so that ends differ by up to two. */
    boolean holds(Timed node) {
      return node.start() >= start && node.end() <= end + 2;
    }
  }

  /** One node's time in one run, in microseconds. */
  private record Timed(Series node, double start, double end) {}

  /** The times of one node, run by run. */
  private record Series(String name, String op, int index, List<Long> shape, List<Double> seconds) {
    void add(int run, double micros) {
      while (seconds.size() <= run) {
        seconds.add(0.0);
      }
      seconds.set(run, seconds.get(run) + micros / 1e6);
    }
  }

  /**
   * A profile that was read.
   *
   * @param arenaBytes by how much the memory in use in the arena rose; 0 if the events do not say
   * @param providers what the nodes ran on, such as {@code CPUExecutionProvider}
   */
  public record Read(Trace trace, long arenaBytes, Set<String> providers) {}

  /**
   * Reads a profile. Its first run allocates and does not count.
   *
   * @param fewest runs that must be left for the first to be left out
   * @throws ModelException if the file holds no complete run, or more than one session
   */
  public static Read read(Path file, int fewest) {
    OnnxRuntimeProfile profile = new OnnxRuntimeProfile();
    long events =
        JsonEvents.read(file, EscapedNames::in, "traceEvents", profile::event, field -> {});
    try {
      Trace trace = profile.trace(events, fewest);
      long rise = Math.max(0, profile.arenaPeak - profile.arenaLeast);
      return new Read(trace, rise, profile.providers);
    } catch (ModelException e) {
      throw e.at(file.toString());
    }
  }

  /** Reads a profile as it came; of more than three runs, the first does not count. */
  static Trace read(Path file) {
    return read(file, 3).trace();
  }

  private void event(JsonNode event) {
    String category = event.path("cat").asString("");
    String name = event.path("name").asString("");
    if (!event.path("ph").asString("X").equals("X")) {
      return;
    }
    long pid = event.path("pid").asLong(0);
    process = process == null ? Long.valueOf(pid) : process;
    sessions += name.equals("session_initialization") ? 1 : 0;
    if (sessions > 1 || pid != process) {
      throw new ModelException(
          "holds several sessions or processes; profile one session into one file");
    }
    long thread = event.path("tid").asLong(0);
    if (category.equals("Node") && name.endsWith(NODE_END)) {
      node(event, thread, name.substring(0, name.length() - NODE_END.length()));
    } else if (name.equals("model_run")) {
      double start = JsonEvents.amount(event, "ts");
      double end = start + JsonEvents.amount(event, "dur");
      if (!runs.isEmpty() && start < runs.get(runs.size() - 1).end()) {
        throw new ModelException(
            "runs overlap or are not in chronological order; profile one run after the other");
      }
      running.add(thread);
      runs.add(new Run(start, end));
      List<Timed> waiting = open.getOrDefault(thread, new ArrayList<>());
      for (int i = Math.max(0, runs.size() - 2); i < runs.size(); i++) {
        endRun(waiting, i); // of a sorted file, the nodes of the run before are only now complete
      }
    }
  }

  private void node(JsonNode event, long thread, String name) {
    JsonNode facts = event.path("args");
    String op = facts.path("op_name").asString("");
    int index = facts.path("node_index").asInt(-1);
    double start = JsonEvents.amount(event, "ts");
    double end = start + JsonEvents.amount(event, "dur");
    Series series =
        nodes.computeIfAbsent(
            name + '\0' + index + '\0' + op,
            any -> new Series(name, op, index, shape(facts), new ArrayList<>()));
    List<Timed> run = open.computeIfAbsent(thread, any -> new ArrayList<>());
    if (run.size() >= EVENT_LIMIT) {
      throw new ModelException("has " + run.size() + " nodes and no end of a run");
    }
    run.add(new Timed(series, start, end));
    if (runs.size() <= 1) {
      providers.add(facts.path("provider").asString(""));
      for (JsonNode type : facts.path("input_type_shape")) {
        types.addAll(type.propertyNames());
      }
    }
    long used = facts.path("mem_bytes_in_use").asLong(0) - facts.path("mem_in_use_delta").asLong(0);
    arenaLeast = Math.min(arenaLeast, used);
    arenaPeak = Math.max(arenaPeak, facts.path("mem_in_use_peak").asLong(0));
  }

  private static List<Long> shape(JsonNode facts) {
    return facts
        .path("output_type_shape")
        .path(0)
        .valueStream()
        .flatMap(JsonNode::valueStream)
        .map(dim -> dim.asLong(-1))
        .toList();
  }

  /** Nodes of a body run inside the node that holds it, and are part of its time. */
  private void endRun(List<Timed> waiting, int index) {
    List<Timed> run = new ArrayList<>();
    waiting.removeIf(node -> runs.get(index).holds(node) && run.add(node));
    run.sort(
        Comparator.comparingDouble(Timed::start)
            .thenComparing(Timed::end, Comparator.reverseOrder()));
    Timed outer = null;
    for (Timed timed : run) {
      boolean isInside =
          outer != null
              && timed.end() <= outer.end()
              && timed.start() < outer.end()
              && outer.end() - outer.start() > timed.end() - timed.start();
      if (!isInside) {
        timed.node().add(index, timed.end() - timed.start());
        outer = timed;
      }
    }
  }

  private Trace trace(long events, int fewest) {
    if (runs.isEmpty()) {
      throw new ModelException(
          "has no complete run ('model_run') of an ONNX Runtime session; profile at least one");
    }
    boolean isGpu =
        providers.stream()
            .anyMatch(name -> name.matches("(CUDA|Tensorrt|NvTensorRTRTX|ROCM|MIGraphX).*"));
    if (!running.containsAll(open.keySet())) {
      throw new ModelException(
          "its nodes ran on several threads at once; profile with the sequential execution mode");
    }
    for (int i = 0; i < runs.size() && waits(); i++) {
      int index = i;
      open.values().forEach(waiting -> endRun(waiting, index));
    }
    int first = runs.size() > fewest ? 1 : 0;
    return new Trace(
        "ort",
        isGpu ? List.of() : kernels(first),
        runs.stream().skip(first).map(run -> (run.end() - run.start()) / 1e6).toList(),
        null,
        isGpu,
        precision(),
        FLOOR_SECONDS,
        notes(events, isGpu));
  }

  private List<String> notes(long events, boolean isGpu) {
    List<String> notes = new ArrayList<>();
    if (waits()) {
      notes.add("the last run of the trace is not complete and was left out");
    }
    if (events >= EVENT_LIMIT) {
      notes.add("the trace reached ONNX Runtime's limit of " + EVENT_LIMIT + " events");
    }
    if (isGpu) {
      notes.add(
          "ONNX Runtime timed the kernels of %s on the host, so only the whole pass is known"
              .formatted(String.join(", ", providers)));
    }
    return notes;
  }

  private List<Kernel> kernels(int first) {
    List<Kernel> kernels = new ArrayList<>();
    for (Series node : nodes.values()) {
      if (!node.seconds.isEmpty()) {
        node.add(runs.size() - 1, 0);
        kernels.add(
            new Kernel(
                node.name,
                node.op,
                node.index,
                List.of(),
                node.shape,
                node.seconds.subList(first, runs.size())));
      }
    }
    return kernels;
  }

  private boolean waits() {
    return open.values().stream().anyMatch(waiting -> !waiting.isEmpty());
  }

  private @Nullable Precision precision() {
    return Stream.of("float", "float16", "bfloat16")
        .filter(types::contains)
        .findFirst()
        .map(Trace.PRECISIONS::get)
        .orElse(null);
  }
}
