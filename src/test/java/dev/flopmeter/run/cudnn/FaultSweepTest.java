package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.NativeLibrary;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every call of CUDA and cuDNN that a small network makes fails once, at several of its turns. */
class FaultSweepTest {
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @TempDir Path folder;
  private int caches;

  private final Map<String, Tensor> fed = new LinkedHashMap<>();

  private String input(GraphBuilder graph, String name, long... dims) {
    TensorType type = TensorType.of(DataType.FLOAT, dims);
    fed.put(name, new RandomTensor(type, fed.size() + 1, -1, 1));
    return graph.input(name, type);
  }

  private static String constant(GraphBuilder graph, String name, long... dims) {
    return graph.constant(name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), 9, -1, 1));
  }

  private Graph network() {
    GraphBuilder graph = new GraphBuilder("small", 23);
    graph.add(
        "Conv",
        "conv",
        Attributes.of("pads", new long[] {1, 1, 1, 1}),
        input(graph, "image", 1, 8, 6, 6),
        constant(graph, "w", 8, 8, 3, 3));
    graph.add("Relu", "relu", Attributes.NONE, "conv");
    graph.add(
        "MatMul",
        "product",
        Attributes.NONE,
        input(graph, "rows", 8, 16),
        constant(graph, "m", 16, 8));
    graph.add(
        "Attention",
        "attention",
        Attributes.NONE,
        input(graph, "q", 1, 2, 4, 8),
        input(graph, "k", 1, 2, 4, 8),
        input(graph, "v", 1, 2, 4, 8));
    graph.add(
        "LSTM",
        "lstm",
        Attributes.of("hidden_size", 4L),
        List.of(
            input(graph, "x", 3, 1, 4),
            constant(graph, "lw", 1, 16, 4),
            constant(graph, "lr", 1, 16, 4)),
        List.of("lstm"),
        Map.of());
    return graph.build(List.of("relu", "product", "attention", "lstm"));
  }

  /** The emulated driver's own view of itself. */
  private static JsonNode report() {
    String text = driver().getFunction("emu_report_text").invokeString(new Object[0], false);
    return JsonMapper.shared().readTree(text);
  }

  private static void inject(String item) {
    driver().getFunction("emu_inject").invokeVoid(new Object[] {item});
  }

  private static boolean hasFired() {
    return report().path("faults").path(0).path("fired").asInt() > 0;
  }

  private static NativeLibrary driver() {
    return NativeLibrary.getInstance(EmulatedGpu.LIBRARIES.resolve("libcuda.so.1").toString());
  }

  /** How often each function was called so far; those of the graph API also by descriptor. */
  private static Map<String, Integer> calls() {
    Map<String, Integer> calls = new TreeMap<>();
    report().path("calls").forEachEntry((name, count) -> calls.put(name, count.asInt()));
    // Not notes of the emulation, and not all calls that every kind of descriptor gets.
    calls.keySet().removeIf(name -> name.contains(" ") || name.matches(".*(Create|Destroy).*/.*"));
    return calls;
  }

  /** What is alive: a module with its functions counts once, memory without its bytes. */
  private static Map<String, Integer> live() {
    Map<String, Integer> live = new TreeMap<>();
    report().path("live").forEachEntry((name, count) -> live.put(name, count.asInt()));
    live.keySet().removeAll(List.of("bytes", "function"));
    return live;
  }

  /** All that a profile does with a backend: with plans of cuDNN's that are made and searched. */
  private Map<String, Tensor> profile(Graph graph) {
    Path cache = folder.resolve("cache" + caches++);
    try (CudnnBackend backend = EmulatedGpu.open(cache);
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withPrecision(Precision.FP16))) {
      Map<String, Tensor> outputs = plan.run(fed);
      plan.timePass();
      plan.timeSteps();
      plan.timeEagerPass();
      return outputs;
    }
  }

  /** The first time, in the middle and the last time. */
  private static Set<Integer> turns(String call, int count) {
    return call.contains("/") ? Set.of(1) : new TreeSet<>(List.of(1, (count + 1) / 2, count));
  }

  @Test
  void everyFailureIsNamedAndNothingIsLeft() {
    Graph graph = network();
    Map<String, Tensor> expected = profile(graph);
    Map<String, Integer> before = calls();
    profile(graph);
    Map<String, Integer> counts = calls();
    before.forEach((call, count) -> counts.merge(call, -count, Integer::sum));
    Map<String, Integer> live = live();
    int named = 0;
    for (Map.Entry<String, Integer> call : counts.entrySet()) {
      for (int turn : turns(call.getKey(), call.getValue())) {
        String fault = call.getKey() + ":" + turn;
        String function = call.getKey().replaceAll("_v2$|/.*", "");
        boolean isRelease = function.matches(".*(Destroy|Free|Release|Unload).*");
        inject("oom@call:" + fault);
        try {
          assertThat(Comparison.relativeL2(expected, profile(graph))).as(fault).isLessThan(1e-3);
          // Steps are timed by more or fewer passes, as they take: a last turn need not come.
          assertThat(isRequired(function) && hasFired()).as(fault + " is ignored").isFalse();
        } catch (BackendException e) {
          named++;
          assertThat(e)
              .as(fault)
              .message()
              .contains(function)
              .containsPattern(
                  "failed: CUD.*_(OUT_OF_MEMORY|ALLOCATION_FAILED)|failed with (error )?2")
              .doesNotContain("\n");
        }
        inject("");
        Map<String, Integer> left = live();
        live.forEach((kind, count) -> left.merge(kind, -count, Integer::sum));
        left.values().removeIf(count -> count == 0);
        assertThat(left.values().stream().mapToInt(Integer::intValue).sum())
            .as("%s leaves %s", fault, left)
            .isLessThanOrEqualTo(isRelease ? 1 : 0);
        left.forEach((kind, count) -> live.merge(kind, count, Integer::sum));
      }
    }
    assertThat(named).isGreaterThan(60);
  }

  /**
   * Whether nothing goes on without the function. cuDNN's engines are searched, and one that fails
   * is passed over; versions and the device's name are only shown.
   */
  private static boolean isRequired(String function) {
    return function.startsWith("cu")
        && !function.matches(
            "cudnnBackend.*|cudnnGet.*|cuMem(Alloc|Free)Host|cuMemAlloc|cuDeviceGetUuid|cuGetError.*");
  }
}
