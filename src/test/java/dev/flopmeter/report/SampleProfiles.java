package dev.flopmeter.report;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Attainable;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Launch;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.NumericCheck;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.result.ProfileResult.Throughput;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.result.ProfileResult.Totals;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Results for the tests of this package: the layers of built-in networks with times invented from a
 * seed. The device is imaginary, so that they are not mistaken for measurements.
 */
public final class SampleProfiles {
  private SampleProfiles() {}

  public static final Roof DATASHEET = new Roof(800e12, 4e12, "imaginary datasheet");
  public static final Roof MEASURED = new Roof(640e12, 3.6e12, "flopmeter roof");
  private static final double LAUNCH_SECONDS = 2e-6;
  private static final Set<String> JOINS =
      Set.of("BatchNormalization", "Relu", "Add", "Clip", "Sigmoid", "Mul");

  public static ProfileResult resnet50() {
    return network("resnet50", 64, "bf16", 1);
  }

  /** The same, on an emulated device. */
  public static ProfileResult emulated() {
    return ProfileJson.read(
        ProfileJson.write(resnet50()).replace("\"emulated\" : false", "\"emulated\" : true"));
  }

  public static List<ProfileResult> sweep() {
    return List.of(
        network("resnet50", 1, "bf16", 1),
        network("resnet50", 8, "bf16", 2),
        network("resnet50", 32, "bf16", 3),
        network("resnet50", 64, "bf16", 4),
        network("resnet50", 128, "bf16", 5));
  }

  /** The same network before and after a change; some layers became slower, some faster. */
  public static ComparisonSet comparison() {
    ProfileResult base = network("resnet50", 64, "bf16", 1);
    ProfileResult next = network("resnet50", 64, "bf16", 7);
    return ComparisonSet.of(List.of(base), List.of(next), 0.05);
  }

  /** A built-in network whose convolutions are fused with the operators after them. */
  public static ProfileResult network(String name, long batch, String precision, long seed) {
    Graph graph = Zoo.get(name).bind(Bindings.ofBatch(batch));
    List<List<Node>> steps = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (JOINS.contains(node.op()) && !steps.isEmpty()) {
        steps.get(steps.size() - 1).add(node);
      } else {
        steps.add(new ArrayList<>(List.of(node)));
      }
    }
    Random random = new Random(seed);
    List<Layer> layers = new ArrayList<>();
    for (List<Node> step : steps) {
      Node main = step.get(0);
      String op = String.join("+", step.stream().map(Node::op).toList());
      List<String> nodes = step.stream().map(Node::name).toList();
      layers.add(layer(main.name(), op, nodes, cost(graph, step, precision), random));
    }
    return result(name, batch, precision, layers, random);
  }

  /** An invented network with this number of layers. */
  public static ProfileResult ofLayers(int count) {
    Random random = new Random(count);
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long macs = i % 3 == 2 ? 0 : Math.round(Math.exp(14 + 8 * random.nextDouble()));
      long bytes = Math.round(Math.exp(12 + 6 * random.nextDouble()));
      Cost cost = new Cost(macs, 2 * macs + bytes / 4, bytes / 16, bytes / 2, bytes - bytes / 2);
      String op = List.of("Conv+Relu", "MatMul", "LayerNormalization").get(i % 3);
      layers.add(layer("block" + i / 12 + ".layer" + i, op, List.of("node" + i), cost, random));
    }
    return result("synthetic" + count, 8, "fp16", layers, random);
  }

  public static ProfileResult named(String model, String layer) {
    ProfileResult base = resnet50();
    List<Layer> layers =
        base.layers().stream()
            .map(
                one ->
                    new Layer(
                        layer,
                        one.op() + layer,
                        List.of(layer),
                        one.cost(),
                        one.time(),
                        one.achievedFlopsPerSecond(),
                        one.intensity(),
                        one.bound(),
                        one.level(),
                        one.rooflineEfficiency(),
                        new KernelInfo(layer, layer, layer, 1L),
                        one.channels(),
                        null))
            .toList();
    return with(
        base, new ModelInfo(model, model, 18, List.of()), layers, List.of("a warning " + layer));
  }

  public static ProfileResult with(
      ProfileResult base, ModelInfo model, List<Layer> layers, List<String> warnings) {
    return new ProfileResult(
        model,
        base.device(),
        base.run(),
        base.environment(),
        base.cost(),
        base.latency(),
        base.throughput(),
        base.efficiency(),
        layers,
        base.layerSumRatio(),
        base.memory(),
        base.firstRunSeconds(),
        base.launch(),
        base.numericCheck(),
        base.assignment(),
        base.roofs(),
        base.sensors(),
        base.valid(),
        warnings);
  }

  public static ProfileResult withWarnings(ProfileResult base, String... warnings) {
    return with(base, base.model(), base.layers(), List.of(warnings));
  }

  public static ProfileResult withLayers(ProfileResult base, List<Layer> layers) {
    return with(base, base.model(), layers, base.warnings());
  }

  /** A layer that reaches 40 to 95 % of the rate that its intensity allows, plus the launch. */
  public static Layer layer(String name, String op, List<String> nodes, Cost cost, Random random) {
    double share = 0.4 + 0.55 * random.nextDouble();
    return timed(name, op, nodes, cost, ideal(cost) / share + LAUNCH_SECONDS);
  }

  public static Layer timed(String name, String op, List<String> nodes, Cost cost, double seconds) {
    double ideal = ideal(cost);
    Bound bound =
        ideal < LAUNCH_SECONDS
            ? Bound.LAUNCH
            : cost.macFlops() / MEASURED.flopsPerSecond()
                    >= cost.bytes() / MEASURED.bytesPerSecond()
                ? Bound.COMPUTE
                : Bound.MEMORY;
    boolean isMatrix = cost.macs() > 0;
    return new Layer(
        name,
        op,
        nodes,
        cost,
        new Time(seconds, seconds * 0.99, seconds * 1.02, seconds * 0.98),
        isMatrix ? cost.macFlops() / seconds : null,
        isMatrix ? (double) cost.flops() / cost.bytes() : null,
        bound,
        null,
        ideal / seconds,
        new KernelInfo(
            isMatrix ? "IMPLICIT_PRECOMP_GEMM" : "elementwise",
            "nhwc",
            isMatrix ? "tensor_op" : null,
            isMatrix ? 1L << 20 : null),
        null,
        null);
  }

  private static double ideal(Cost cost) {
    return Math.max(
        cost.macFlops() / MEASURED.flopsPerSecond(), cost.bytes() / MEASURED.bytesPerSecond());
  }

  private static ProfileResult result(
      String model, long batch, String precision, List<Layer> layers, Random random) {
    Cost cost = layers.stream().map(Layer::cost).reduce(Cost.ZERO, Cost::plus);
    double median = layers.stream().mapToDouble(layer -> layer.time().median()).sum() / 1.02;
    double rate = cost.macFlops() / median;
    double traffic = cost.bytes() / median;
    double best = cost.macFlops() / layers.stream().mapToDouble(layer -> ideal(layer.cost())).sum();
    List<Double> samples = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      double tail = random.nextInt(12) == 0 ? 0.05 * random.nextDouble() : 0;
      samples.add(median * (1 + 0.006 * random.nextGaussian() + tail));
    }
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("driver", "0.0");
    properties.put("cudnn", "9.5.1");
    properties.put("sm_count", "132");
    return new ProfileResult(
        new ModelInfo(model, "built-in", 18, inputs(model, batch)),
        new Device(DeviceKind.CUDA, "cuda:0", "Sample GPU", properties, false),
        new Run(
            "cudnn",
            Precision.valueOf(precision.toUpperCase(Locale.ROOT)),
            "auto",
            batch,
            true,
            400,
            Map.of("low clock", 3),
            24,
            "noise below 0.5 %",
            Instant.parse("2026-01-02T03:04:05Z"),
            samples),
        new Environment("1.0.0", "17.0.9", "Linux 6.1", Map.of("cudnn", "9.5.1", "cuda", "12.6")),
        new Totals(
            cost.macs(),
            cost.flops(),
            cost.params(),
            cost.bytesRead(),
            cost.bytesWritten(),
            1L << 28,
            null),
        new Latency(
            median,
            median * 0.995,
            median * 1.006,
            median * 0.98,
            median * 1.02,
            median * 1.03,
            null,
            null,
            new Interval(median * 0.999, median * 1.001),
            0.011),
        new Throughput(batch / median, rate),
        new Efficiency(
            new Shares(
                rate / DATASHEET.flopsPerSecond(),
                rate / MEASURED.flopsPerSecond(),
                rate / DATASHEET.flopsPerSecond() * 1.08),
            new Shares(
                traffic / DATASHEET.bytesPerSecond(), traffic / MEASURED.bytesPerSecond(), null),
            (double) cost.flops() / cost.bytes(),
            new Attainable(
                best,
                Basis.MEASURED,
                new Shares(
                    best / DATASHEET.flopsPerSecond(), best / MEASURED.flopsPerSecond(), null))),
        layers,
        1.02,
        new Memory(cost.params() * 2, 1L << 28, 1L << 24),
        3.4,
        new Launch(median * 1.3, median, 0.3),
        new NumericCheck("djl", 2e-3, 1e-2, true),
        null,
        new Roofs(DATASHEET, MEASURED, null),
        new Sensors(
            1.755e9,
            2.6e9,
            512.0,
            700.0,
            512.0 * median / batch,
            58.0,
            0.97,
            3L << 30,
            0,
            null,
            null,
            List.of(),
            Map.of("fan", "the device has none")),
        true,
        List.of());
  }

  private static List<ModelInfo.Input> inputs(String model, long batch) {
    return Zoo.find(model).isPresent()
        ? Zoo.get(model).bind(Bindings.ofBatch(batch)).inputs().stream()
            .map(
                name ->
                    new ModelInfo.Input(
                        name, Zoo.get(model).bind(Bindings.ofBatch(batch)).requireType(name)))
            .toList()
        : List.of();
  }

  /** Roughly the counted values; these tests display figures but do not check them. */
  private static Cost cost(Graph graph, List<Node> step, String precision) {
    long width = precision.equals("fp32") ? 4 : 2;
    Node main = step.get(0);
    TensorType out = graph.requireType(main.outputs().get(0));
    TensorType in = graph.requireType(main.inputs().get(0));
    long weights =
        main.inputs().stream()
            .skip(1)
            .filter(name -> graph.constant(name).isPresent())
            .mapToLong(name -> graph.requireType(name).elements())
            .sum();
    boolean isMatrix = main.op().equals("Conv") || main.op().equals("Gemm");
    long macs = 0;
    if (isMatrix) {
      TensorType kernel = graph.requireType(main.inputs().get(1));
      macs = out.elements() * (kernel.elements() / kernel.shape().dim(0));
    }
    long joined = step.stream().skip(1).filter(node -> node.op().equals("Add")).count();
    return new Cost(
        macs,
        2 * macs + out.elements() * step.size(),
        weights,
        width * (in.elements() + weights + joined * out.elements()),
        width * out.elements());
  }
}
