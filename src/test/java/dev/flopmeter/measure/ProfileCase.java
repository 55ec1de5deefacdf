package dev.flopmeter.measure;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.count.Work;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A valid profile of a small network; each test spoils one thing. */
final class ProfileCase {
  static final Instant NOON = Instant.parse("2026-11-24T12:00:00Z");
  static final Device CPU =
      new Device(DeviceKind.CPU, "cpu", "Test CPU", Map.of("cores", "2"), false);
  static final Device CARD =
      new Device(
          DeviceKind.CUDA,
          "cuda:0",
          "NVIDIA A100-SXM4-80GB",
          Map.of("driver", "550", "compute_capability", "8.0", "sm_count", "108"),
          false);

  /** y = relu(x * w): 4x8 times 8x16. */
  static final Graph GRAPH = graph();

  // MatMul: 4*8*16 MACs; reads 4*8 + 8*16 floats, writes 4*16. Relu: reads and writes 4*16.
  static final Cost MATMUL = new Cost(512, 1024, 128, 4 * (32 + 128), 4 * 64);
  static final Cost RELU = new Cost(0, 64, 0, 4 * 64, 4 * 64);

  private static Graph graph() {
    GraphBuilder graph = new GraphBuilder("tiny", 18);
    graph.input("x", TensorType.of(DataType.FLOAT, 4, 8));
    graph.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 16), 1, 8));
    graph.add("MatMul", "mm", Attributes.NONE, "x", "w");
    graph.add("Relu", "y", Attributes.NONE, "mm");
    return graph.build(List.of("y"));
  }

  static Counts counts(List<Uncounted> uncounted) {
    return counts(uncounted, List.of());
  }

  static Counts counts(List<Uncounted> uncounted, List<String> approximations) {
    List<String> notes = new ArrayList<>(approximations);
    notes.add("Loop 'exact' is counted with its 5 iterations");
    return new Counts(
        new ModelInfo("tiny", "test", 18, List.of()),
        "flops",
        MATMUL.plus(RELU),
        new Work(512, 64),
        64,
        512,
        Map.of(DataType.FLOAT, new BytesMoved(640 + 256, 256 + 256)),
        uncounted,
        notes,
        approximations,
        List.of(
            new LayerCost("mm", "MatMul", List.of(Shape.of(4, 16)), MATMUL, 64, true, false),
            new LayerCost("y", "Relu", List.of(Shape.of(4, 16)), RELU, 0, true, false)));
  }

  static ProfileRequest request(Precision precision) {
    return new ProfileRequest(
        GRAPH,
        counts(List.of()),
        4,
        RunOptions.DEFAULT.withPrecision(precision),
        SamplingRules.DEFAULT,
        false,
        List.of());
  }

  static final List<Step> APART =
      List.of(
          new Step("mm", "MatMul", List.of("mm"), new KernelInfo("gemm", null, null, 64L)),
          new Step("y", "Relu", List.of("y"), new KernelInfo("map", null, null, null)));
  static final List<Step> FUSED =
      List.of(
          new Step("mm", "MatMul+Relu", List.of("mm", "y"), new KernelInfo("g", null, null, 0L)));

  static Map<String, Tensor> answer(double... values) {
    return Map.of("y", DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, values.length), values));
  }

  static Reference reference(double... values) {
    return new Reference() {
      @Override
      public String name() {
        return "known";
      }

      @Override
      public Map<String, Tensor> outputs(Graph graph, Map<String, Tensor> inputs) {
        return answer(values);
      }
    };
  }

  static DeviceRoofs roofs(Device device, @Nullable MeasuredRoofs measured) {
    return new DeviceRoofs(device, Datasheet.load(), measured);
  }

  static MeasuredRoofs measured(double flops, double bytes, double launch) {
    return new MeasuredRoofs(
        Map.of("fp32", flops),
        Map.of("fp32", "MatMul", "memory", "copy"),
        bytes,
        List.of(),
        launch,
        NOON,
        Map.of());
  }

  final FakeTime time = new FakeTime();
  FakePlan plan;
  IntToDoubleFunction seconds = pass -> 1e-3;
  List<Step> steps = APART;
  double layerShare = 1;
  UnaryOperator<Map<String, Tensor>> plansAnswer = inputs -> answer(1, 2);
  double eager = 0;
  double floor = 0;
  @Nullable Reference reference = reference(1, 2);
  DeviceRoofs roofs = roofs(CPU, measured(1e9, 1e9, 1e-7));
  SensorWatch watch = SensorWatch.NONE;
  ProfileRequest request = request(Precision.FP32);

  ProfileResult run() {
    plan = new FakePlan(time, steps, seconds, layerShare, plansAnswer, eager);
    plan.floor = floor;
    FakeBackend backend = new FakeBackend(roofs.device(), (graph, options) -> plan);
    Profiler.Setting setting =
        new Profiler.Setting(
            new Environment("1", "17", "Linux", backend.libraries()),
            roofs,
            reference,
            () -> watch,
            time,
            Clock.fixed(NOON, ZoneOffset.UTC),
            42);
    return new Profiler(backend, setting).profile(request, Progress.SILENT);
  }
}
