package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counter;
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
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Attainable;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.result.ProfileResult.Totals;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rules 1, 2, 3, 6, 7 and 10 of how we measure, on plans that break them. */
class ProfilerTest {
  private static final Instant NOON = Instant.parse("2026-11-24T12:00:00Z");
  private static final Device CPU =
      new Device(DeviceKind.CPU, "cpu", "Test CPU", Map.of("cores", "2"), false);
  private static final Device CARD =
      new Device(
          DeviceKind.CUDA,
          "cuda:0",
          "NVIDIA A100-SXM4-80GB",
          Map.of("driver", "550", "compute_capability", "8.0", "sm_count", "108"),
          false);

  /** y = relu(x * w): 4x8 times 8x16. */
  private static final Graph GRAPH = graph();

  // MatMul: 4*8*16 MACs; reads 4*8 + 8*16 floats, writes 4*16. Relu: reads and writes 4*16.
  private static final Cost MATMUL = new Cost(512, 1024, 128, 4 * (32 + 128), 4 * 64);
  private static final Cost RELU = new Cost(0, 64, 0, 4 * 64, 4 * 64);

  private final FakeTime time = new FakeTime();
  private FakePlan plan;

  private static Graph graph() {
    GraphBuilder graph = new GraphBuilder("tiny", 18);
    graph.input("x", TensorType.of(DataType.FLOAT, 4, 8));
    graph.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 16), 1, 8));
    graph.add("MatMul", "mm", Attributes.NONE, "x", "w");
    graph.add("Relu", "y", Attributes.NONE, "mm");
    return graph.build(List.of("y"));
  }

  private static Counts counts(List<Uncounted> uncounted) {
    return counts(uncounted, List.of());
  }

  private static Counts counts(List<Uncounted> uncounted, List<String> approximations) {
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

  private static ProfileRequest request(Precision precision) {
    return new ProfileRequest(
        GRAPH,
        counts(List.of()),
        4,
        RunOptions.DEFAULT.withPrecision(precision),
        SamplingRules.DEFAULT,
        false,
        List.of());
  }

  private static final List<Step> APART =
      List.of(
          new Step("mm", "MatMul", List.of("mm"), new KernelInfo("gemm", null, null, 64L)),
          new Step("y", "Relu", List.of("y"), new KernelInfo("map", null, null, null)));
  private static final List<Step> FUSED =
      List.of(
          new Step("mm", "MatMul+Relu", List.of("mm", "y"), new KernelInfo("g", null, null, 0L)));

  private static Map<String, Tensor> answer(double... values) {
    return Map.of("y", DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, values.length), values));
  }

  private static Reference reference(double... values) {
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

  private static DeviceRoofs roofs(Device device, @Nullable MeasuredRoofs measured) {
    return new DeviceRoofs(device, Datasheet.load(), measured);
  }

  private static MeasuredRoofs measured(double flops, double bytes, double launch) {
    return new MeasuredRoofs(
        Map.of("fp32", flops),
        Map.of("fp32", "MatMul", "memory", "copy"),
        bytes,
        List.of(),
        launch,
        NOON,
        Map.of());
  }

  /** A profile with everything in order; each test spoils one thing. */
  private final class Case {
    private IntToDoubleFunction seconds = pass -> 1e-3;
    private List<Step> steps = APART;
    private double layerShare = 1;
    private UnaryOperator<Map<String, Tensor>> plansAnswer = inputs -> answer(1, 2);
    private double eager = 0;
    private double floor = 0;
    private @Nullable Reference reference = reference(1, 2);
    private DeviceRoofs roofs = roofs(CPU, measured(1e9, 1e9, 1e-7));
    private SensorWatch watch = SensorWatch.NONE;
    private ProfileRequest request = request(Precision.FP32);

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

  private static double noise(int pass) {
    return new Random(pass * 7919L + 17).nextGaussian();
  }

  // The join

  @Test
  void joinsCostAndTime() {
    ProfileResult result = new Case().run();
    assertThat(result.latency().median()).isEqualTo(1e-3);
    assertThat(result.throughput().inferencesPerSecond()).isCloseTo(4 / 1e-3, within(1e-6));
    assertThat(result.throughput().achievedFlopsPerSecond())
        .isCloseTo(2 * 512 / 1e-3, within(1e-6));
    // MFU counts MACs alone: the Relu's 64 FLOPs are not in it.
    assertThat(result.efficiency().mfu().measured()).isCloseTo(2 * 512 / 1e-3 / 1e9, within(1e-12));
    assertThat(result.efficiency().mbu().measured())
        .isCloseTo((640 + 256 + 256 + 256) / 1e-3 / 1e9, within(1e-12));
    assertThat(result.efficiency().intensity()).isCloseTo(1088 / 1408.0, within(1e-12));
    assertThat(result.efficiency().mfu().datasheet()).isNull();
    assertThat(result.cost())
        .isEqualTo(new Totals(512, 1024 + 64, 128, 640 + 256, 256 + 256, 512, null));
    assertThat(result.memory()).isEqualTo(new ProfileResult.Memory(1000, 2000, 300));
    assertThat(result.valid()).isTrue();
    assertThat(result.warnings()).isEmpty();
    assertThat(plan.isClosed).isTrue();
  }

  @Test
  void halfPrecisionMovesHalfTheBytes() {
    Case half = new Case();
    half.request = request(Precision.FP16);
    ProfileResult result = half.run();
    assertThat(result.efficiency().mbu().measured()).isCloseTo(704 / 1e-3 / 1e9, within(1e-12));
    assertThat(result.efficiency().intensity()).isCloseTo(1088 / 704.0, within(1e-12));
    // No fp16 rate was measured: fp32's is no substitute.
    assertThat(result.efficiency().mfu().measured()).isNull();
  }

  @Test
  void aLayerIsPlacedUnderTheRoofline() {
    Case slow = new Case();
    slow.roofs = roofs(CPU, measured(2e6, 4e6, 1e-7));
    ProfileResult result = slow.run();
    Layer matmul = result.layers().get(0);
    // 1024 FLOPs at 2e6 take 512 us, 896 bytes at 4e6 224 us; it took 3/4 of 1 ms.
    assertThat(matmul.bound()).isEqualTo(Bound.COMPUTE);
    assertThat(matmul.rooflineEfficiency()).isCloseTo(512.0 / 750, within(1e-9));
    assertThat(matmul.intensity()).isCloseTo(1024 / 896.0, within(1e-12));
    assertThat(matmul.achievedFlopsPerSecond()).isCloseTo(1024 / 0.75e-3, within(1e-6));
    Layer relu = result.layers().get(1);
    assertThat(relu.bound()).isEqualTo(Bound.MEMORY);
    assertThat(relu.rooflineEfficiency()).isCloseTo(128.0 / 250, within(1e-9));
    assertThat(relu.achievedFlopsPerSecond()).isNull();
    assertThat(result.layers()).extracting(Layer::level).containsOnlyNulls();
  }

  @Test
  void aLayerFarBelowEveryRoofIsInefficientNotBoundByTheNearest() {
    Case slow = new Case();
    slow.roofs = roofs(CPU, measured(1e7, 1e7, 1e-7));
    // 102.4 us at the roof of 750, and 51.2 of 250.
    assertThat(slow.run().layers()).extracting(Layer::bound).containsOnly(Bound.INEFFICIENT);
  }

  @Test
  void aLayerAboveItsRoofIsAWarningThatNamesTheRoof() {
    Case fast = new Case();
    fast.roofs = roofs(CPU, measured(1e9, 1e6, 1e-7));
    assertThat(fast.run().warnings())
        .singleElement()
        .asString()
        .contains("2 of 2 layers are above the bandwidth of the memory, 'y' at 205 %");
  }

  @Test
  void aViewMovesNothingAndHasNoPlaceUnderTheRoofline() {
    Case view = new Case();
    view.roofs = roofs(CPU, measured(1e9, 1e6, 1e-7));
    view.steps =
        List.of(
            APART.get(0), new Step("y", "Relu", List.of("y"), APART.get(1).kernel().named("view")));
    Layer layer = view.run().layers().get(1);
    assertThat(layer.rooflineEfficiency()).isNull();
    assertThat(layer.bound()).isNull();
    assertThat(layer.intensity()).isNull();
  }

  @Test
  void aStepTooShortToBeTimedHasNoPlaceUnderTheRooflineAndSaysWhy() {
    Case coarse = new Case();
    coarse.roofs = roofs(CPU, measured(1e9, 1e6, 1e-7));
    coarse.floor = 200e-6; // the steps take 750 and 250 us
    List<Layer> layers = coarse.run().layers();
    assertThat(layers.get(0).rooflineEfficiency()).isCloseTo(896 / 750.0, within(1e-9));
    assertThat(layers.get(1).rooflineEfficiency()).isNull();
    assertThat(layers.get(1).bound()).isNull();
    assertThat(layers.get(1).kernel().algorithm()).isEqualTo("map (time not resolved)");
  }

  @Test
  void whatTheRooflineAllowsIsTheSumOfTheLayersLeastTimes() {
    Case slow = new Case();
    slow.roofs = roofs(CPU, measured(1e7, 1e7, 1e-7));
    ProfileResult result = slow.run();
    // The product's 1024 FLOPs take 102.4 us, the Relu's 512 bytes 51.2 us, at the least.
    Attainable best = result.efficiency().attainable();
    assertThat(best.roofs()).isEqualTo(Basis.MEASURED);
    assertThat(best.flopsPerSecond()).isCloseTo(1024 / 153.6e-6, within(1e-6));
    assertThat(best.mfu().measured()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(best.mfu().datasheet()).isNull();
    // A pass takes 1 ms, 6.51 times as long: 10.24 % of 66.7 %.
    assertThat(result.efficiency().mfu().measured() / best.mfu().measured())
        .isCloseTo(0.1536, within(1e-12));

    slow.steps = FUSED; // 896 bytes cross the border in 89.6 us, less than the product takes
    assertThat(slow.run().efficiency().attainable().mfu().measured()).isEqualTo(1);
  }

  @Test
  void measuredRoofsBoundTheLayersWhateverThePeak() {
    Case measured = new Case();
    measured.roofs = roofs(CARD, measured(1e7, 1e7, 1e-7));
    Attainable best = measured.run().efficiency().attainable();
    assertThat(best.roofs()).isEqualTo(Basis.MEASURED);
    assertThat(best.mfu().datasheet()).isCloseTo(1024 / 153.6e-6 / 19.5e12, within(1e-18));

    Case known = new Case();
    known.roofs = roofs(CARD, null);
    best = known.run().efficiency().attainable();
    assertThat(best.roofs()).isEqualTo(Basis.DATASHEET);
    // So little work is bound by memory: 896 and 512 bytes at 2.039 TB/s.
    assertThat(best.flopsPerSecond()).isCloseTo(1024 / (1408 / 2.039e12), within(1.0));
  }

  @Test
  void integersKeepTheirBytesInHalfPrecision() {
    GraphBuilder graph = new GraphBuilder("rows", 18);
    graph.input("ids", TensorType.of(DataType.INT64, 4));
    graph.constant("table", RandomTensor.weights(TensorType.of(DataType.FLOAT, 100, 8), 1, 8));
    graph.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 16), 1, 8));
    graph.add("Gather", "rows", Attributes.NONE, "table", "ids");
    graph.add("MatMul", "y", Attributes.NONE, "rows", "w");
    Case mixed = new Case();
    Graph rows = graph.build(List.of("y"));
    mixed.request =
        new ProfileRequest(
            rows,
            Counter.standard().count(rows),
            4,
            RunOptions.DEFAULT.withPrecision(Precision.FP16),
            SamplingRules.DEFAULT,
            false,
            List.of());
    mixed.steps =
        List.of(
            new Step("rows", "Gather", List.of("rows"), new KernelInfo("g", null, null, null)),
            new Step("y", "MatMul", List.of("y"), new KernelInfo("g", null, null, null)),
            new Step("own", "Reformat", List.of(), new KernelInfo("g", null, null, null)));
    mixed.roofs =
        roofs(
            CPU,
            new MeasuredRoofs(
                Map.of("fp16", 1e9),
                Map.of("fp16", "MatMul"),
                1e7,
                List.of(),
                1e-9,
                NOON,
                Map.of()));
    // Gather: 4 ids of 8 bytes, 32 values read and written at 2. MatMul: 32 + 128 + 64 values at 2.
    // The step that the runtime added has no work, so that a perfect runtime does without it.
    double seconds = (4 * 8 + 2 * 32 * 2 + 2 * (32 + 128 + 64)) / 1e7;
    assertThat(mixed.run().efficiency().attainable().flopsPerSecond())
        .isCloseTo(2 * 4 * 8 * 16 / seconds, within(1e-6));
  }

  @Test
  void withoutRoofsForBothOrWithoutProductsNothingIsAttainable() {
    Case unknown = new Case();
    unknown.roofs = roofs(CPU, null);
    assertThat(unknown.run().efficiency().attainable()).isNull();
    Case oneRoof = new Case();
    oneRoof.request = request(Precision.FP16); // a roof of the memory, none of fp16
    assertThat(oneRoof.run().efficiency().attainable()).isNull();
    Case noProducts = new Case();
    noProducts.steps = APART.subList(1, 2);
    assertThat(noProducts.run().efficiency().attainable()).isNull();
  }

  @Test
  void workSmallerThanALaunchIsBoundByIt() {
    Case quick = new Case();
    quick.roofs = roofs(CPU, measured(1e12, 1e12, 5e-4));
    assertThat(quick.run().layers()).extracting(Layer::bound).containsOnly(Bound.LAUNCH);
  }

  @Test
  void workSmallerThanALaunchThatTakesFarLongerIsInefficient() {
    Case slow = new Case();
    slow.roofs = roofs(CPU, measured(1e12, 1e12, 5e-6));
    assertThat(slow.run().layers()).extracting(Layer::bound).containsOnly(Bound.INEFFICIENT);
  }

  @Test
  void withoutARoofThereIsNoBound() {
    Case unknown = new Case();
    unknown.roofs = roofs(CPU, null);
    ProfileResult result = unknown.run();
    assertThat(result.layers()).extracting(Layer::bound).containsOnlyNulls();
    assertThat(result.layers()).extracting(Layer::rooflineEfficiency).containsOnlyNulls();
    assertThat(result.efficiency().mfu()).isEqualTo(ProfileResult.Shares.NONE);
  }

  @Test
  void aFusedStepHasItsNodesCostAndOnlyItsBordersTraffic() {
    Case fused = new Case();
    fused.steps = FUSED;
    Layer layer = fused.run().layers().get(0);
    assertThat(layer.cost()).isEqualTo(MATMUL.plus(RELU));
    // x and w in, y out; the product between never leaves: 4 * (32 + 128 + 64).
    assertThat(layer.intensity()).isCloseTo(1088 / 896.0, within(1e-12));
  }

  @Test
  void onlyWhatCountApproximatesIsAWarning() {
    String note = "Loop 'l' is counted for one iteration; how many there are depends on data";
    Case one = new Case();
    one.request =
        new ProfileRequest(
            GRAPH,
            counts(List.of(), List.of(note)),
            4,
            RunOptions.DEFAULT,
            SamplingRules.DEFAULT,
            false,
            List.of());
    ProfileResult result = one.run();
    assertThat(result.warnings()).containsExactly(note);
    assertThat(result.valid()).isTrue();
  }

  @Test
  void whatIsNotCountedIsNamed() {
    Case odd = new Case();
    odd.request =
        new ProfileRequest(
            GRAPH,
            counts(List.of(new Uncounted("com.x:Magic", "no rule", List.of("a", "b")))),
            1,
            RunOptions.DEFAULT,
            SamplingRules.DEFAULT,
            false,
            List.of());
    assertThat(odd.run().warnings())
        .containsExactly("the work of 2 com.x:Magic is not counted: no rule");
  }

  // Rule 1: correct before fast

  @Test
  void aWrongAnswerIsNoResult() {
    Case wrong = new Case();
    wrong.plansAnswer = inputs -> answer(1, 2.01);
    ProfileResult result = wrong.run();
    assertThat(result.valid()).isFalse();
    assertThat(result.numericCheck()).isNotNull();
    assertThat(result.numericCheck().passed()).isFalse();
    assertThat(result.numericCheck().relativeL2()).isCloseTo(0.01 / Math.sqrt(5), within(1e-6));
    assertThat(result.warnings().get(0))
        .isEqualTo("outputs differ from the reference (known): relative L2 0.0045, allowed 0.0010");
  }

  @Test
  void half16IsAllowedMoreAndSaysHowMuch() {
    Case half = new Case();
    half.plansAnswer = inputs -> answer(1, 2.01);
    half.request = request(Precision.FP16);
    ProfileResult result = half.run();
    assertThat(result.valid()).isTrue();
    assertThat(result.numericCheck().tolerance()).isEqualTo(2e-2);
  }

  @Test
  void notANumberAndMissingOutputsAreWrong() {
    Case nan = new Case();
    nan.plansAnswer = inputs -> answer(1, Double.NaN);
    assertThat(nan.run().valid()).isFalse();
    Case missing = new Case();
    missing.plansAnswer = inputs -> Map.of();
    assertThat(missing.run().valid()).isFalse();
  }

  @Test
  void theCheckComesAfterTheFirstRunAndBeforeAnyTimeThatCounts() {
    new Case().run();
    assertThat(plan.calls.subList(0, 5)).containsExactly("load", "pass", "run", "load", "pass");
  }

  @Test
  void withoutAReferenceTheResultSaysSo() {
    Case unchecked = new Case();
    unchecked.reference = null;
    ProfileResult result = unchecked.run();
    assertThat(result.numericCheck()).isNull();
    assertThat(result.warnings()).containsExactly("the outputs were not compared with a reference");
  }

  @Test
  void inputsAreRandomSeededAndNeverZeros() {
    List<Map<String, Tensor>> fed = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Case spied = new Case();
      spied.plansAnswer =
          inputs -> {
            fed.add(inputs);
            return answer(1, 2);
          };
      spied.run();
    }
    double[] values = fed.get(0).get("x").toDoubles();
    assertThat(values).containsExactly(fed.get(1).get("x").toDoubles());
    assertThat(Distribution.of(values).max() - Distribution.of(values).min()).isGreaterThan(1);
    assertThat(java.util.Arrays.stream(values).filter(v -> v == 0)).isEmpty();
  }

  // Rule 2: the two passes against each other

  @Test
  void theLayersSumIsComparedWithTheWhole() {
    assertThat(new Case().run().layerSumRatio()).isCloseTo(1, within(1e-9));
    for (double share : new double[] {0.90, 1.2}) {
      Case off = new Case();
      off.layerShare = share;
      ProfileResult result = off.run();
      assertThat(result.layerSumRatio()).isCloseTo(share, within(1e-9));
      assertThat(result.warnings()).singleElement().asString().contains("the layers add up to");
      assertThat(result.valid()).isTrue();
    }
  }

  // Rule 3: launch overhead

  @Test
  void launchOverheadIsEagerAgainstGraph() {
    Case graphs = new Case();
    graphs.eager = 1.25;
    ProfileResult.Launch launch = graphs.run().launch();
    assertThat(launch).isNotNull();
    assertThat(launch.overheadRatio()).isCloseTo(0.25, within(1e-9));
    assertThat(new Case().run().launch()).isNull();
  }

  // Rules 4 and 5, as the result tells them

  @Test
  void theResultSaysHowSamplingWent() {
    ProfileResult result = new Case().run();
    assertThat(result.run().stopReason()).isEqualTo("noise below bound");
    assertThat(result.run().warmupRuns()).isGreaterThanOrEqualTo(200);
    assertThat(result.run().samples()).isGreaterThanOrEqualTo(500);
    assertThat(result.run().startedAt()).isEqualTo(NOON);
    assertThat(result.firstRunSeconds()).isEqualTo(1e-3);
    assertThat(result.run().rawSeconds()).isNull();
  }

  @Test
  void rawSamplesOnRequest() {
    Case raw = new Case();
    raw.request =
        new ProfileRequest(
            GRAPH,
            counts(List.of()),
            4,
            RunOptions.DEFAULT,
            SamplingRules.DEFAULT,
            true,
            List.of());
    ProfileResult result = raw.run();
    assertThat(result.run().rawSeconds()).hasSize(result.run().samples()).containsOnly(1e-3);
  }

  @Test
  void fewerThanThirtySamplesAreAWarningFewerThanSixInvalid() {
    Case slow = new Case();
    slow.seconds = pass -> 0.4;
    ProfileResult result = slow.run();
    assertThat(result.valid()).isTrue();
    assertThat(result.run().stopReason()).isEqualTo("time limit");
    assertThat(result.warnings()).anyMatch(w -> w.matches("\\d+ samples instead of 30 fit.*"));
    Case slower = new Case();
    slower.seconds = pass -> 3;
    result = slower.run();
    assertThat(result.valid()).isFalse();
    assertThat(result.warnings()).anyMatch(w -> w.contains("at least 6 are needed"));
  }

  // Rule 6: noise

  @Test
  void tailsNeedSamples() {
    Case brief = new Case();
    brief.seconds = pass -> 0.02;
    ProfileResult result = brief.run(); // 30 samples
    assertThat(result.latency().p90()).isNull();
    ProfileResult many = new Case().run(); // 500
    assertThat(many.latency().p95()).isNotNull();
    assertThat(many.latency().p99()).isNull();
  }

  @Test
  void scatterOfTenPercentWarnsOfTwentyFiveInvalidates() {
    Case noisy = new Case();
    noisy.seconds = pass -> 1e-3 * (1 + 0.18 * Math.abs(noise(pass)));
    ProfileResult result = noisy.run();
    assertThat(result.latency().relativeIqr()).isBetween(0.10, 0.25);
    assertThat(result.valid()).isTrue();
    assertThat(result.warnings()).anyMatch(w -> w.endsWith("more than 10 %"));
    Case bimodal = new Case();
    bimodal.seconds = pass -> noise(pass) > 0 ? 1e-3 : 1.5e-3;
    result = bimodal.run();
    assertThat(result.valid()).isFalse();
    assertThat(result.warnings()).anyMatch(w -> w.contains("more than 25 %"));
  }

  @Test
  void rareOutliersDoNotMoveTheMedian() {
    Case spiky = new Case();
    spiky.seconds = pass -> pass % 20 == 7 ? 1e-2 : 1e-3;
    ProfileResult result = spiky.run();
    assertThat(result.latency().median()).isEqualTo(1e-3);
    assertThat(result.valid()).isTrue();
  }

  // Rule 7: roofs

  @Test
  void moreThanTheDatasheetsPeakIsAMistake() {
    Case impossible = new Case();
    impossible.roofs = roofs(CARD, null);
    impossible.seconds = pass -> 5e-11; // 1024 FLOP in 50 ps: 20.5 TFLOP/s, the peak is 19.5
    impossible.request =
        new ProfileRequest(
            GRAPH,
            counts(List.of()),
            4,
            RunOptions.DEFAULT,
            new SamplingRules(1e-9, 10, 0.01, 30, 1e-9, 0.005, 0.1, 15),
            false,
            List.of());
    ProfileResult result = impossible.run();
    assertThat(result.efficiency().mfu().datasheet()).isGreaterThan(1);
    assertThat(result.valid()).isFalse();
    assertThat(result.warnings()).anyMatch(w -> w.contains("above the datasheet peak"));
  }

  @Test
  void aMeasuredRoofThatAResultExceedsIsNotBelieved() {
    Case quiet = new Case();
    double rate = 2 * 512 / 1e-3;
    quiet.roofs = roofs(CPU, measured(rate / 1.06, 1e9, 1e-7));
    ProfileResult result = quiet.run();
    assertThat(result.roofs().measured()).isNull();
    assertThat(result.efficiency().mfu().measured()).isNull();
    assertThat(result.efficiency().mbu().measured()).isNull();
    assertThat(result.layers()).extracting(Layer::bound).containsOnlyNulls();
    assertThat(result.valid()).isTrue();
    assertThat(result.warnings())
        .singleElement()
        .asString()
        .endsWith("the measured roof is too low; run flopmeter roof again");
    // The roof is the best of a few products; a result may be a little faster.
    quiet.roofs = roofs(CPU, measured(rate / 1.04, 1e9, 1e-7));
    assertThat(quiet.run().efficiency().mfu().measured()).isCloseTo(1.04, within(1e-9));
  }

  @Test
  void theClockAdjustedRoofFollowsTheClockThatWasRead() {
    Case card = new Case();
    card.roofs = roofs(CARD, null);
    card.watch = watch(1.2e9, OptionalDouble.empty());
    ProfileResult result = card.run();
    // 108 SMs x 1.2 GHz x 128 FLOP
    assertThat(result.roofs().clockAdjusted().flopsPerSecond())
        .isCloseTo(108 * 1.2e9 * 128, within(1.0));
    assertThat(result.roofs().datasheet().flopsPerSecond()).isEqualTo(19.5e12);
  }

  // Rule 8, in the result

  @Test
  void droppedSamplesAreInTheResult() {
    Case throttled = new Case();
    int[] asked = {0};
    throttled.watch = () -> asked[0]++ % 10 == 0 ? Optional.of("slow clock") : Optional.empty();
    ProfileResult result = throttled.run();
    assertThat(result.run().droppedSamples()).containsOnlyKeys("slow clock");
    assertThat(result.warnings()).singleElement().asString().endsWith("dropped: slow clock");
  }

  @Test
  void energyIsPerInferenceOverTwoSeconds() {
    Case metered = new Case();
    double[] from = {-1};
    metered.watch =
        new FixedWatch(
            1.2e9,
            () -> {
              if (from[0] < 0) {
                from[0] = time.seconds();
              }
              return OptionalDouble.of(300 * time.seconds()); // a steady 300 W
            });
    ProfileResult result = metered.run();
    // 300 W x 1 ms a pass / 4 inferences a pass
    assertThat(result.sensors().energyJPerInference()).isCloseTo(0.075, within(1e-4));
    assertThat(time.seconds() - from[0]).isGreaterThanOrEqualTo(2 - 1e-9);
  }

  // Rule 10: surroundings

  @Test
  void theSurroundingsAreRecorded() {
    Case card = new Case();
    card.roofs = roofs(CARD, null);
    ProfileResult result = card.run();
    assertThat(result.device()).isEqualTo(CARD);
    assertThat(result.environment().libraries()).containsEntry("fakelib", "1.2");
    assertThat(result.environment().flopmeter()).isEqualTo("1");
    assertThat(result.run().backend()).isEqualTo("fake");
    assertThat(result.run().precision()).isEqualTo(Precision.FP32);
    assertThat(result.run().batch()).isEqualTo(4);
  }

  @Test
  void progressGrowsToOneThroughAllPhases() {
    Map<String, Double> phases = new HashMap<>();
    List<Double> shares = new ArrayList<>();
    plan = FakePlan.of(time, pass -> 1e-3);
    FakeBackend backend =
        new FakeBackend(
            CPU,
            (graph, options) ->
                new FakePlan(time, APART, pass -> 1e-3, 1, inputs -> answer(1, 2), 0));
    Profiler.Setting setting =
        new Profiler.Setting(
            new Environment("1", "17", "Linux", Map.of()),
            roofs(CPU, null),
            reference(1, 2),
            () -> SensorWatch.NONE,
            time,
            Clock.fixed(NOON, ZoneOffset.UTC),
            1);
    new Profiler(backend, setting)
        .profile(
            new ProfileRequest(
                GRAPH,
                counts(List.of()),
                4,
                RunOptions.DEFAULT,
                SamplingRules.DEFAULT.withLimit(Duration.ofSeconds(5)),
                false,
                List.of()),
            (phase, done, detail) -> {
              phases.put(phase, done);
              shares.add(done);
            });
    assertThat(phases).containsOnlyKeys("prepare", "check", "warm-up", "measure");
    assertThat(shares).isSorted().endsWith(1.0);
  }

  private static SensorWatch watch(double smClockHz, OptionalDouble joules) {
    return new FixedWatch(smClockHz, () -> joules);
  }

  private record FixedWatch(double smClockHz, java.util.function.Supplier<OptionalDouble> joules)
      implements SensorWatch {
    @Override
    public Optional<String> refusal() {
      return Optional.empty();
    }

    @Override
    public OptionalDouble energyJoules() {
      return joules.get();
    }

    @Override
    public Sensors summary(@Nullable Double joulesPerInference) {
      return new Sensors(
          smClockHz,
          null,
          null,
          null,
          joulesPerInference,
          null,
          null,
          null,
          null,
          null,
          null,
          List.of(),
          Map.of());
    }

    @Override
    public void close() {}
  }
}
