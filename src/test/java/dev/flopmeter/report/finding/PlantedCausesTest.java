package dev.flopmeter.report.finding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.Counter;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.measure.SensorWatch;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.report.finding.Advice.Kind;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.MemoryUse;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import dev.flopmeter.run.djl.DjlBackend;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small networks with exactly one fault each: the first recommendation must name it. The plans are
 * those of the CPU backend and of the GPU backend on the emulated device; the times are written by
 * hand, since an emulated device's mean nothing: every layer reaches 80 % of its roof but those at
 * fault.
 */
class PlantedCausesTest {
  @RegisterExtension static final EmulatedGpu GPU = new EmulatedGpu();

  private static final double FLOPS = 1e10;
  private static final double BYTES = 1e10;
  private static final double HEALTHY = 0.8;
  private static @Nullable DjlBackend cpu;

  @BeforeAll
  static void open() {
    cpu = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    if (cpu != null) {
      cpu.close();
    }
  }

  // The faults

  /**
   * A network with a fault.
   *
   * @param expected what the first recommendation changes
   * @param word in its title or evidence
   */
  private record Fault(String name, Kind expected, String word, Graph graph, Setting setting) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** How a network is run, and what is wrong about its times. */
  private static final class Setting {
    private final boolean isGpu;
    private String card = "Sample";
    private RunOptions options = RunOptions.DEFAULT;
    private String capability = "6.1";
    private double launch = 1e-9;
    private double slowdown = 1;
    private Predicate<Step> isSlow = step -> true;
    private double passOverLayers = 1;
    private double eager = 0;
    private @Nullable Sensors sensors;
    private UnaryOperator<KernelInfo> kernel = UnaryOperator.identity();

    private Setting(boolean isGpu) {
      this.isGpu = isGpu;
    }

    static Setting cpu() {
      return new Setting(false);
    }

    static Setting gpu(Precision precision) {
      Setting setting = new Setting(true);
      setting.options = RunOptions.DEFAULT.withPrecision(precision);
      return setting;
    }

    /** All layers so many times slower, or those of an operator. */
    Setting slow(double times, String... ops) {
      slowdown = times;
      isSlow = step -> ops.length == 0 || Arrays.stream(ops).anyMatch(step.op()::contains);
      return this;
    }

    Setting options(UnaryOperator<RunOptions> change) {
      options = change.apply(options);
      return this;
    }

    Setting launch(double seconds) {
      launch = seconds;
      return this;
    }

    Device device() {
      return isGpu
          ? new Device(
              DeviceKind.CUDA,
              "cuda:0",
              card,
              Map.of("sm_count", "8", "compute_capability", capability),
              false)
          : new Device(DeviceKind.CPU, "cpu", card, Map.of("cores", "8"), false);
    }
  }

  static Stream<Fault> faults() {
    Attributes four = Attributes.of("group", 4);
    Setting noFusion = Setting.cpu().options(options -> options.withFuse(false));
    Setting oneThread = Setting.cpu().slow(8).options(options -> options.withThreads(1));
    Setting busy = Setting.cpu().slow(4);
    busy.sensors = sensors(4.0, List.of());
    Setting gaps = Setting.cpu();
    gaps.passOverLayers = 3;
    Setting tensorCores = Setting.gpu(Precision.FP32);
    tensorCores.capability = "8.0";
    Setting graph = Setting.gpu(Precision.BF16);
    graph.eager = 1.6;
    Setting fallback = Setting.gpu(Precision.BF16).slow(8, "Conv");
    fallback.kernel = kernel -> new KernelInfo(kernel.algorithm(), kernel.layout(), "fma", null);
    Setting nhwc = Setting.gpu(Precision.BF16).options(options -> options.withLayout(Layout.NHWC));
    Setting clock = Setting.gpu(Precision.BF16).slow(2);
    clock.card = "NVIDIA A100-SXM4-80GB";
    clock.capability = "8.0";
    clock.sensors = sensors(null, List.of("sw_power_cap"));
    return Stream.of(
        fault("fusing switched off", Kind.FUSION, "--no-fuse", convolutions(8, 1, true), noFusion),
        fault("a chain that nothing fuses", Kind.FUSION, "Fuse", chain(), Setting.cpu()),
        fault(
            "slow depthwise convolutions",
            Kind.GROUPS,
            "depthwise",
            convolutions(64, 64, false),
            Setting.cpu().slow(10)),
        fault(
            "slow grouped convolutions",
            Kind.GROUPS,
            "grouped",
            convolutions(64, 4, false),
            Setting.cpu().slow(10)),
        fault(
            "few channels",
            Kind.CHANNELS,
            "too few",
            convolutions(4, 1, false),
            Setting.cpu().slow(5)),
        fault("transposed back and forth", Kind.TRANSPOSITIONS, "", transposed(), Setting.cpu()),
        fault(
            "layers shorter than a launch",
            Kind.BATCH,
            "launch",
            convolutions(32, 1, false),
            Setting.cpu().launch(1e-2)),
        fault(
            "one thread of eight", Kind.THREADS, "8 cores", convolutions(64, 1, false), oneThread),
        fault("a busy machine", Kind.LOAD, "nothing else", convolutions(64, 1, false), busy),
        fault("weights read for one row", Kind.BATCH, "weights", rows(1, 512), Setting.cpu()),
        fault("a slow product", Kind.RUNTIME, "MatMul", rows(256, 256), Setting.cpu().slow(10)),
        fault(
            "a slow softmax",
            Kind.RUNTIME,
            "Softmax",
            softmax(),
            Setting.cpu().slow(20, "Softmax")),
        fault("time between layers", Kind.GAPS, "between", convolutions(64, 1, false), gaps),
        fault("fp32 beside tensor cores", Kind.PRECISION, "bf16", rows(256, 256), tensorCores),
        fault(
            "channels that are padded",
            Kind.CHANNELS,
            "multiple of 8",
            convolutions(33, 1, false),
            Setting.gpu(Precision.BF16)),
        fault(
            "fewer blocks than multiprocessors",
            Kind.BATCH,
            "fill the device",
            rows(64, 128),
            Setting.gpu(Precision.BF16).slow(4)),
        fault(
            "an almost empty last wave",
            Kind.WAVES,
            "last wave",
            rows(9 * 128, 128),
            Setting.gpu(Precision.BF16).slow(9.0 / 5)),
        fault("layouts that change", Kind.LAYOUT, "layout", mixed(), nhwc),
        fault("steps launched one by one", Kind.GRAPH, "graph", convolutions(64, 1, false), graph),
        fault(
            "kernels without tensor cores",
            Kind.PRECISION,
            "without tensor cores",
            convolutions(64, 1, false),
            fallback),
        fault("a clock that is held back", Kind.CLOCK, "sw_power_cap", rows(1024, 128), clock),
        fault(
            "small layers on a GPU",
            Kind.BATCH,
            "launch",
            convolutions(32, 1, false),
            Setting.gpu(Precision.BF16).launch(1e-2)));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void thePlantedFaultIsNamedFirst(Fault fault) {
    List<Advice> all = Advice.of(profile(fault));
    assertThat(all).as(fault.name).isNotEmpty();
    Advice first = all.get(0);
    assertThat(first.kind()).as(all.toString()).isEqualTo(fault.expected);
    assertThat(first.title() + " " + first.evidence()).contains(fault.word);
    assertThat(first.command()).startsWith("flopmeter ");
  }

  @ParameterizedTest
  @MethodSource("faults")
  void withoutItsFaultOnlyWhatTheGraphItselfCausesIsLeft(Fault fault) {
    Setting well = fault.setting.isGpu ? Setting.gpu(Precision.BF16) : Setting.cpu();
    List<Kind> ofTheGraph =
        List.of(
            Kind.FUSION,
            Kind.TRANSPOSITIONS,
            Kind.LAYOUT,
            Kind.CHANNELS,
            Kind.BATCH,
            Kind.QUANTISATION);
    Fault healthy = new Fault(fault.name, fault.expected, "", fault.graph, well);
    assertThat(Advice.of(profile(healthy))).extracting(Advice::kind).isSubsetOf(ofTheGraph);
  }

  private static Fault fault(
      String name, Kind expected, String word, Graph graph, Setting setting) {
    return new Fault(name, expected, word, graph, setting);
  }

  // The networks

  private static TensorType floats(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  private static String weights(GraphBuilder graph, String name, long... dims) {
    return graph.constant(name, RandomTensor.weights(floats(dims), 7, 64));
  }

  private static String convolution(
      GraphBuilder graph, String name, String input, long channels, long groups) {
    String weights = weights(graph, name + "/w", channels, channels / groups, 3, 3);
    Attributes same =
        Attributes.of(
            "kernel_shape", new long[] {3, 3}, "pads", new long[] {1, 1, 1, 1}, "group", groups);
    return graph.add("Conv", name, same, input, weights);
  }

  /** Four convolutions, each followed by an activation if asked for. */
  private static Graph convolutions(long channels, long groups, boolean isActivated) {
    GraphBuilder graph = new GraphBuilder("convolutions", 18);
    String value = graph.input("x", floats(2, channels, 32, 32));
    for (int i = 0; i < 4; i++) {
      value = convolution(graph, "conv" + i, value, channels, groups);
      if (isActivated) {
        value = graph.add("Relu", "relu" + i, Attributes.NONE, value);
      }
    }
    return graph.build(List.of(value));
  }

  /** Elementwise operators after a pooling, which nothing can take in. */
  private static Graph chain() {
    GraphBuilder graph = new GraphBuilder("chain", 18);
    String value = graph.input("x", floats(2, 32, 32, 32));
    value = convolution(graph, "conv", value, 32, 1);
    Attributes window = Attributes.of("kernel_shape", new long[] {1, 1});
    for (int i = 0; i < 3; i++) {
      value = graph.add("MaxPool", "pool" + i, window, value);
      value = graph.add("Sin", "sin" + i, Attributes.NONE, value);
    }
    return graph.build(List.of(value));
  }

  private static Graph transposed() {
    GraphBuilder graph = new GraphBuilder("transposed", 18);
    String value = graph.input("x", floats(2, 8, 32, 32));
    for (int i = 0; i < 3; i++) {
      value = convolution(graph, "conv" + i, value, 8, 1);
      Attributes turned = Attributes.of("perm", new long[] {0, 1, 3, 2});
      value = graph.add("Transpose", "turned" + i, turned, value);
    }
    return graph.build(List.of(value));
  }

  /** Three products of so many rows with square weights. */
  private static Graph rows(long rows, long width) {
    GraphBuilder graph = new GraphBuilder("rows", 18);
    String value = graph.input("x", floats(rows, width));
    for (int i = 0; i < 3; i++) {
      String weights = weights(graph, "w" + i, width, width);
      value = graph.add("MatMul", "product" + i, Attributes.NONE, value, weights);
    }
    return graph.build(List.of(value));
  }

  private static Graph softmax() {
    GraphBuilder graph = new GraphBuilder("softmax", 18);
    String value = graph.input("x", floats(256, 256));
    value = graph.add("MatMul", "product", Attributes.NONE, value, weights(graph, "w", 256, 256));
    value = graph.add("Softmax", "softmax", Attributes.NONE, value);
    return graph.build(List.of(value));
  }

  /** Convolutions between operators that want another layout. */
  private static Graph mixed() {
    GraphBuilder graph = new GraphBuilder("mixed", 18);
    String value = graph.input("x", floats(2, 32, 32, 32));
    for (int i = 0; i < 2; i++) {
      value = convolution(graph, "conv" + i, value, 32, 1);
      String shape = graph.constant("shape" + i, Tensor.ofLongs(new long[] {2, 8, 64, 64}));
      String other = graph.constant("back" + i, Tensor.ofLongs(new long[] {2, 32, 32, 32}));
      value = graph.add("Reshape", "reshaped" + i, Attributes.NONE, value, shape);
      value = graph.add("Softmax", "softmax" + i, Attributes.NONE, value);
      value = graph.add("Reshape", "back" + i + "/r", Attributes.NONE, value, other);
    }
    value = convolution(graph, "last", value, 32, 1);
    return graph.build(List.of(value));
  }

  // The profile

  private static Sensors sensors(@Nullable Double load, List<String> reasons) {
    return new Sensors(
        0.7e9, null, null, null, null, null, null, null, null, null, load, reasons, Map.of());
  }

  private static ProfileResult profile(Fault fault) {
    Setting setting = fault.setting;
    double[] ideal = ideal(fault);
    double[] seconds = new double[ideal.length];
    Backend backend = setting.isGpu ? GPU.backend() : cpu;
    try (Plan plan = backend.prepare(fault.graph, setting.options.withThreads(0))) {
      for (int i = 0; i < ideal.length; i++) {
        double well = ideal[i] > 0 ? ideal[i] / HEALTHY : 1e-4;
        double spoilt = setting.isSlow.test(plan.steps().get(i)) ? setting.slowdown : 1;
        seconds[i] = well * spoilt + setting.launch;
      }
      return profile(fault, plan, seconds);
    }
  }

  /** A layer that takes a second reaches the share of its roof that is its time at the roof. */
  private static double[] ideal(Fault fault) {
    Setting setting = fault.setting;
    Backend backend = setting.isGpu ? GPU.backend() : cpu;
    try (Plan plan = backend.prepare(fault.graph, setting.options.withThreads(0))) {
      double[] second = new double[plan.steps().size()];
      Arrays.fill(second, 1);
      return profile(fault, plan, second).layers().stream()
          .map(layer -> Optional.ofNullable(layer.rooflineEfficiency()).orElse(0.0))
          .mapToDouble(share -> share)
          .toArray();
    }
  }

  private static ProfileResult profile(Fault fault, Plan plan, double[] seconds) {
    Setting setting = fault.setting;
    Device device = setting.device();
    MeasuredRoofs roofs =
        new MeasuredRoofs(
            Map.of("fp32", FLOPS, "bf16", FLOPS),
            Map.of(),
            BYTES,
            List.of(),
            setting.launch,
            Instant.EPOCH,
            Map.of());
    long[] nanos = {0};
    Timed timed = new Timed(plan, setting, seconds, nanos);
    SensorWatch watch =
        new SensorWatch() {
          @Override
          public Optional<String> refusal() {
            return Optional.empty();
          }

          @Override
          public @Nullable Sensors summary(@Nullable Double joules) {
            return setting.sensors;
          }
        };
    Profiler profiler =
        new Profiler(
            new Prepared(setting.isGpu ? "cudnn" : "djl", device, timed),
            new Profiler.Setting(
                new Environment("1", "17", "Linux", Map.of()),
                new DeviceRoofs(device, Datasheet.load(), roofs),
                null,
                () -> watch,
                () -> nanos[0],
                Clock.systemUTC(),
                1));
    ProfileRequest request =
        new ProfileRequest(
            fault.graph,
            Counter.standard().count(fault.graph),
            fault.graph.batch(),
            setting.options,
            SamplingRules.DEFAULT,
            false,
            List.of());
    return profiler.profile(request, Progress.SILENT);
  }

  /** A backend whose one plan is there already. */
  private record Prepared(String name, Device device, Plan plan) implements Backend {
    @Override
    public Map<String, String> libraries() {
      return Map.of();
    }

    @Override
    public Plan prepare(Graph graph, RunOptions options) {
      return plan;
    }

    @Override
    public void close() {}
  }

  /** A real plan's steps, and times written by hand. */
  private record Timed(Plan plan, Setting setting, double[] seconds, long[] nanos) implements Plan {
    @Override
    public List<Step> steps() {
      return plan.steps().stream()
          .map(
              step ->
                  new Step(
                      step.name(), step.op(), step.nodes(), setting.kernel.apply(step.kernel())))
          .toList();
    }

    @Override
    public MemoryUse memory() {
      return plan.memory();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
      throw new AssertionError("no reference asks for outputs");
    }

    @Override
    public void load(Map<String, Tensor> inputs) {}

    private double pass() {
      return setting.passOverLayers * Arrays.stream(seconds).sum();
    }

    @Override
    public double timePass() {
      nanos[0] += Math.round(pass() * 1e9);
      return pass();
    }

    @Override
    public double[] timeSteps() {
      nanos[0] += Math.round(pass() * 1e9);
      return seconds.clone();
    }

    @Override
    public Optional<Double> timeEagerPass() {
      return setting.eager > 0 ? Optional.of(setting.eager * pass()) : Optional.empty();
    }

    @Override
    public void close() {}
  }
}
