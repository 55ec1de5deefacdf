package dev.flopmeter.run.trace;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Reads a trace of PyTorch's profiler (Kineto's Chrome JSON). On a GPU, a kernel belongs to the
 * operator around the CUDA call that launched it: {@code correlation} joins the two, while {@code
 * External id} does not.
 */
final class TorchTrace {
  /** More operators and kernels than this are not held in memory. */
  private static final int EVENT_LIMIT = 4_000_000;

  /** Of more passes than this, the first is a warm-up. */
  private static final int FEWEST_PASSES = 3;

  /** A first pass this much longer than all others loads libraries and searches algorithms. */
  private static final double WARM_UP_RATIO = 3;

  private final Map<String, List<TorchOp>> threads = new TreeMap<>();
  private final Map<Long, Launch> launches = new HashMap<>();
  private final List<Kernel> kernels = new ArrayList<>();
  private @Nullable String process;
  private @Nullable String deviceName;
  private boolean usesTf32;

  private TorchTrace() {}

  /** A call of CUDA, at {@code micros} on a thread. */
  private record Launch(String thread, double micros, String name) {}

  /** A kernel, with its time in microseconds. */
  record Kernel(String name, long correlation, double start, double micros) {
    double end() {
      return start + micros;
    }
  }

  /**
   * Reads a trace.
   *
   * @param macs the multiply-accumulates of the model's nodes, by name
   * @throws ModelException if it holds no operators, or those of several processes
   */
  static Trace read(Path file, Graph graph, Map<String, Long> macs) {
    TorchTrace trace = new TorchTrace();
    JsonEvents.read(file, in -> in, "traceEvents", trace::event, trace::field);
    try {
      return trace.trace(graph, macs);
    } catch (ModelException e) {
      throw e.at(file.toString());
    }
  }

  private void field(JsonNode field) {
    JsonNode devices = field.path("deviceProperties");
    if (devices.size() > 0) {
      deviceName = devices.path(0).path("name").asString(null);
    }
  }

  private void event(JsonNode event) {
    if (!event.path("ph").asString("").equals("X")) {
      return;
    }
    String category = event.path("cat").asString("");
    String name = event.path("name").asString("");
    JsonNode facts = event.path("args");
    switch (category) {
      case "cpu_op", "Operator" -> operator(event);
      case "kernel", "Kernel", "gpu_memcpy", "Memcpy", "gpu_memset", "Memset" -> {
        usesTf32 |= name.contains("tf32");
        kernels.add(
            new Kernel(
                name,
                facts.path("correlation").asLong(-1),
                JsonEvents.amount(event, "ts"),
                JsonEvents.amount(event, "dur")));
      }
      default -> {
        if (category.endsWith("_runtime") || category.endsWith("_driver")) {
          launches.put(
              facts.path("correlation").asLong(-1),
              new Launch(event.path("tid").asString(""), JsonEvents.amount(event, "ts"), name));
        }
      }
    }
    if (kernels.size() + launches.size() > EVENT_LIMIT
        || threads.values().stream().mapToLong(List::size).sum() > EVENT_LIMIT) {
      throw new ModelException(
          "holds more than " + EVENT_LIMIT + " operators; profile fewer passes");
    }
  }

  private void operator(JsonNode event) {
    String pid = event.path("pid").asString("");
    process = process == null ? pid : process;
    if (!pid.equals(process)) {
      throw new ModelException("holds several processes (ranks); import the trace of one of them");
    }
    String name = event.path("name").asString("");
    double start = JsonEvents.amount(event, "ts");
    threads
        .computeIfAbsent(event.path("tid").asString(""), any -> new ArrayList<>())
        .add(TorchOp.of(name, start, JsonEvents.amount(event, "dur"), event.path("args")));
  }

  private Trace trace(Graph graph, Map<String, Long> macs) {
    if (threads.isEmpty()) {
      throw new ModelException(
          "holds no operators (cpu_op); record it with torch.profiler and ProfilerActivity.CPU");
    }
    threads.replaceAll((thread, ops) -> nested(ops));
    Map<String, TorchOp> graphs = new LinkedHashMap<>();
    for (Kernel kernel : kernels) {
      Launch launch = launches.get(kernel.correlation());
      TorchOp owner =
          launch == null
              ? null
              : innermost(threads.getOrDefault(launch.thread(), List.of()), launch.micros());
      if (owner == null) {
        String key = launch == null ? kernel.name() + kernel.start() : launch.toString();
        owner = graphs.computeIfAbsent(key, any -> ownerless(kernel, launch));
      }
      owner.kernels().add(kernel);
    }
    List<TorchOp> steps = new ArrayList<>();
    threads.values().forEach(roots -> roots.forEach(root -> root.forEachStep(steps::add)));
    steps.addAll(graphs.values());
    steps.sort(Comparator.comparingDouble(TorchOp::start));
    boolean isGpu = !kernels.isEmpty();
    List<String> notes = new ArrayList<>();
    notes.add("recorded with PyTorch's profiler, whose overhead is included in these times");
    TorchPasses passes = TorchPasses.of(steps, isGpu, macs, notes);
    int first = isWarmUp(passes.passSeconds(), notes) ? 1 : 0;
    return new Trace(
        "pytorch",
        TorchJoin.join(passes.calls(), graph, macs, first, notes),
        passes.passSeconds().subList(first, passes.passSeconds().size()),
        isGpu ? deviceName : null,
        isGpu,
        precision(steps),
        0,
        notes);
  }

  /** Whether the first pass does not count: with few passes, only if it did much setup. */
  private static boolean isWarmUp(List<Double> passes, List<String> notes) {
    double longest =
        passes.stream().skip(1).mapToDouble(Double::doubleValue).max().orElse(passes.get(0));
    boolean isLong = passes.get(0) > WARM_UP_RATIO * longest;
    if (isLong && passes.size() <= FEWEST_PASSES) {
      notes.add(
          String.format(
              Locale.ROOT,
              "the first pass took %.0f times as long as the others and was left out",
              passes.get(0) / longest));
    }
    return isLong || passes.size() > FEWEST_PASSES;
  }

  /** A kernel that no operator launched: one of a CUDA graph, or of a library. */
  private static TorchOp ownerless(Kernel kernel, @Nullable Launch launch) {
    boolean isGraph = launch != null && launch.name().contains("GraphLaunch");
    return TorchOp.of(
        isGraph ? TorchOp.CUDA_GRAPH : kernel.name(),
        launch == null ? kernel.start() : launch.micros(),
        0,
        JsonNodeFactory.instance.objectNode());
  }

  /** The outermost operators of a thread, which hold the others. */
  private static List<TorchOp> nested(List<TorchOp> ops) {
    ops.sort(
        Comparator.comparingDouble(TorchOp::start)
            .thenComparing(TorchOp::end, Comparator.reverseOrder()));
    List<TorchOp> roots = new ArrayList<>();
    List<TorchOp> open = new ArrayList<>();
    for (TorchOp op : ops) {
      while (!open.isEmpty() && open.get(open.size() - 1).end() <= op.start()) {
        open.remove(open.size() - 1);
      }
      (open.isEmpty() ? roots : open.get(open.size() - 1).children()).add(op);
      open.add(op);
    }
    return roots;
  }

  /** Of operators in their order, and those in them, the innermost that ran at a time. */
  private static @Nullable TorchOp innermost(List<TorchOp> ops, double micros) {
    int low = 0;
    int high = ops.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ops.get(middle).start() <= micros) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0 || micros > ops.get(low - 1).end()) {
      return null;
    }
    TorchOp inner = innermost(ops.get(low - 1).children(), micros);
    return inner == null ? ops.get(low - 1) : inner;
  }

  /** What most of the products' work was done in. */
  private @Nullable Precision precision(List<TorchOp> steps) {
    Map<Precision, Double> work = new EnumMap<>(Precision.class);
    for (TorchOp step : steps) {
      Precision precision = step.isProduct() ? step.precision() : null;
      if (precision != null) {
        work.merge(precision, step.macs(), Double::sum);
      }
    }
    Precision most =
        work.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey)
            .orElse(null);
    boolean isFloat = most == null || most == Precision.FP32;
    return usesTf32 && isFloat ? Precision.TF32 : most;
  }
}
