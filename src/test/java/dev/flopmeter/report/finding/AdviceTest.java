package dev.flopmeter.report.finding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.count.Cost;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Launch;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each kind of advice, given if the figures support it and omitted if they do not. */
class AdviceTest {

  /** 6.4 TFLOP, 10 ms at the measured roof of 640 TFLOP/s. */
  private static final Cost COMPUTE = new Cost(3_200_000_000_000L, 6_400_000_000_000L, 1, 1, 1);

  /** 36 GB, 10 ms at the measured roof of 3.6 TB/s. */
  private static final Cost MEMORY =
      new Cost(0, 9_000_000_000L, 0, 18_000_000_000L, 18_000_000_000L);

  private static final Cost TINY = new Cost(1000, 2000, 0, 1000, 1000);

  @Test
  void aHealthyNetworkGetsNone() {
    assertThat(Advice.of(cuda("bf16", four(0.012), null))).isEmpty();
  }

  @Test
  void elementwiseLayersOfTheirOwnAreToBeFused() {
    Layer relu = SampleProfiles.timed("act1", "Relu", List.of("act1"), MEMORY, 0.012);

    assertThat(Advice.of(cuda("bf16", plus(four(0.012), relu), null)))
        .singleElement()
        .satisfies(
            advice -> {
              assertThat(advice.title()).startsWith("Fuse elementwise operators");
              assertThat(advice.evidence()).contains("1 layer (such as act1) takes 20 %");
              assertThat(advice.savedShare()).isEqualTo(0.2);
            });
  }

  @Test
  void aShortElementwiseLayerGetsNoRecommendation() {
    Cost small = new Cost(0, 9_000_000, 0, 18_000_000, 18_000_000);
    Layer relu = SampleProfiles.timed("act1", "Relu", List.of("act1"), small, 0.0012);

    assertThat(Advice.of(cuda("bf16", plus(four(0.012), relu), null))).isEmpty();
  }

  @Test
  void fp32OnAGpuWithTensorCoresGetsARecommendation() {
    assertThat(Advice.of(cuda("fp32", four(0.012), "9.0")))
        .singleElement()
        .satisfies(advice -> assertThat(advice.title()).contains("bf16 or tf32"));
    assertThat(Advice.of(cuda("fp32", four(0.012), "7.0")))
        .singleElement()
        .satisfies(advice -> assertThat(advice.title()).contains("fp16"));
  }

  @Test
  void fp32IsFineWhereThereAreNoTensorCoresOrItIsNotKnown() {
    assertThat(Advice.of(cuda("fp32", four(0.012), "6.1"))).isEmpty();
    assertThat(Advice.of(cuda("fp32", four(0.012), null))).isEmpty();
  }

  @Test
  void channelsThatTensorCoresFillUpAreNamed() {
    // Padded to 104 x 104: 100 x 100 of that is work, so 1 - 10,000 / 10,816 of the time is not
    assertThat(Advice.of(cuda("bf16", withChannels(four(0.012), 100, 100), null)))
        .singleElement()
        .satisfies(
            advice -> {
              assertThat(advice.title()).isEqualTo("Make channels a multiple of 8");
              assertThat(advice.evidence())
                  .contains("4 layers (such as conv0)", "100 channels in and 100 out");
              assertThat(advice.savedShare()).isCloseTo(1 - 10_000 / 10_816.0, within(1e-12));
            });
  }

  @Test
  void channelsThatFitOrCostLittleAreNot() {
    assertThat(Advice.of(cuda("bf16", withChannels(four(0.012), 64, 256), null))).isEmpty();
    assertThat(Advice.of(cuda("tf32", withChannels(four(0.012), 100, 100), null))).isEmpty();
    assertThat(Advice.of(cuda("bf16", withChannels(four(0.012), 1000, 1001), null))).isEmpty();
    assertThat(Advice.of(cuda("fp32", withChannels(four(0.012), 100, 100), null)))
        .as("no tensor cores in fp32")
        .isEmpty();
  }

  private static List<Layer> withChannels(List<Layer> layers, long in, long out) {
    return layers.stream()
        .map(
            one ->
                new Layer(
                    one.name(),
                    one.op(),
                    one.nodes(),
                    one.cost(),
                    one.time(),
                    one.achievedFlopsPerSecond(),
                    one.intensity(),
                    one.bound(),
                    one.level(),
                    one.rooflineEfficiency(),
                    one.kernel(),
                    new Channels(in, out, null, null),
                    null))
        .toList();
  }

  @Test
  void layersShorterThanALaunchNeedMoreWork() {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      layers.add(SampleProfiles.timed("tiny" + i, "Conv", List.of("n" + i), TINY, 0.000004));
    }

    assertThat(Advice.of(cuda("bf16", layers, null)))
        .singleElement()
        .satisfies(
            advice -> {
              assertThat(advice.title()).startsWith("Increase the work per launch");
              assertThat(advice.evidence())
                  .contains("10 layers (such as tiny0) take 100 % of the time");
            });
  }

  @Test
  void graphReplayIsAdvisedOnlyWhereItWasMeasuredToHelp() {
    assertThat(Advice.of(launch(0.0013, 0.001)))
        .singleElement()
        .satisfies(advice -> assertThat(advice.gain()).startsWith("23 %"));
    assertThat(Advice.of(launch(0.00105, 0.001))).isEmpty();
  }

  @Test
  void stepsThatServeNoNodeAreConversions() {
    Layer conversion = SampleProfiles.timed("x:nhwc", "Convert", List.of(), MEMORY, 0.012);
    Layer pooling = SampleProfiles.timed("pool", "MaxPool", List.of("pool"), MEMORY, 0.012);

    assertThat(Advice.of(cuda("bf16", plus(four(0.012), conversion), null)))
        .singleElement()
        .satisfies(advice -> assertThat(advice.title()).startsWith("Keep one memory layout"));
    assertThat(Advice.of(cuda("bf16", plus(four(0.012), pooling), null))).isEmpty();
  }

  @Test
  void aSlowLayerWithoutAVisibleReasonIsAGuess() {
    Layer slow = SampleProfiles.timed("slow", "Conv", List.of("slow"), COMPUTE, 0.04);

    assertThat(Advice.of(cuda("bf16", plus(four(0.0125), slow), null)))
        .singleElement()
        .satisfies(
            advice -> {
              assertThat(advice.kind()).isEqualTo("RUNTIME");
              assertThat(advice.isGuess()).isTrue();
              assertThat(advice.evidence()).contains("slow", "25 % of the roof");
            });
  }

  @Test
  void aNetworkFarBelowItsRoofsIsNeverWithoutAReason() {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      layers.addAll(withChannels(four(0.03), 64, 64));
    }
    assertThat(Advice.of(cuda("bf16", layers, null))).isNotEmpty();
    Layer nothing = SampleProfiles.timed("x", "Reshape", List.of("x"), Cost.ZERO, 0.2);
    Layer unplaced =
        new Layer(
            nothing.name(),
            nothing.op(),
            nothing.nodes(),
            nothing.cost(),
            nothing.time(),
            null,
            null,
            null,
            null,
            null,
            nothing.kernel(),
            null,
            null);
    assertThat(Advice.of(cuda("bf16", plus(four(0.0125), unplaced), null)))
        .singleElement()
        .satisfies(advice -> assertThat(advice.isGuess()).isTrue());
  }

  @Test
  void stepsTooShortToBeTimedWantMoreWorkEach() {
    Layer tiny = SampleProfiles.timed("tiny", "Relu", List.of("tiny"), TINY, 0.000002);
    List<Layer> layers =
        List.of(
            unplaced(tiny, tiny.kernel().unresolved()),
            unplaced(tiny, tiny.kernel().named("view")));

    assertThat(Advice.of(cuda("bf16", layers, null)))
        .singleElement()
        .satisfies(
            advice -> {
              assertThat(advice.title()).startsWith("Increase the work per launch");
              assertThat(advice.evidence()).startsWith("2 layers (such as tiny)");
            });
  }

  @Test
  void conversionsBetweenTypesAreNotConversionsOfLayout() {
    Layer cast = SampleProfiles.timed("InsertedCast", "Cast", List.of(), MEMORY, 0.012);

    assertThat(Advice.of(cuda("bf16", plus(four(0.012), cast), null)))
        .extracting(Advice::title)
        .containsExactly("Use one element type throughout");
  }

  private static Layer unplaced(Layer one, KernelInfo kernel) {
    return new Layer(
        one.name(),
        one.op(),
        one.nodes(),
        one.cost(),
        one.time(),
        null,
        null,
        null,
        null,
        null,
        kernel,
        null,
        null);
  }

  @Test
  void aCommandTakesNamesFromFilesAsWords() {
    ProfileResult hostile = SampleProfiles.named("it's; rm -rf $HOME.onnx", "layer");
    assertThat(new TestCommand(hostile).with("--layout", "nhwc"))
        .isEqualTo(
            "flopmeter profile 'it'\\''s; rm -rf $HOME.onnx' --device cuda:0 --backend cudnn"
                + " --precision bf16 --batch 64 --layout nhwc");
  }

  @Test
  void invalidFiguresSupportNoRecommendation() {
    Layer relu = SampleProfiles.timed("act1", "Relu", List.of("act1"), MEMORY, 0.012);
    ProfileResult good = cuda("bf16", plus(four(0.012), relu), null);

    assertThat(Advice.of(changed(good, good.run(), good.device(), good.launch(), false))).isEmpty();
    Device emulated = new Device(DeviceKind.CUDA, "cuda:0", "emulated", Map.of(), true);
    assertThat(Advice.of(changed(good, good.run(), emulated, good.launch(), true))).isEmpty();
  }

  @Test
  void aLargerBatchIsAdvisedFromASweep() {
    List<ProfileResult> sweep = SampleProfiles.sweep();
    ProfileResult smallest = sweep.get(0);
    ProfileResult largest = sweep.get(sweep.size() - 1);

    assertThat(Advice.ofBatch(smallest, sweep))
        .hasValueSatisfying(advice -> assertThat(advice.title()).contains("Use batch"));
    assertThat(Advice.ofBatch(largest, sweep)).isEmpty();
  }

  /** Four compute-bound convolutions. */
  private static List<Layer> four(double seconds) {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      layers.add(SampleProfiles.timed("conv" + i, "Conv", List.of("c" + i), COMPUTE, seconds));
    }
    return layers;
  }

  private static List<Layer> plus(List<Layer> layers, Layer last) {
    List<Layer> all = new ArrayList<>(layers);
    all.add(last);
    return all;
  }

  private static ProfileResult cuda(
      String precision, List<Layer> layers, @Nullable String capability) {
    ProfileResult base = SampleProfiles.withLayers(SampleProfiles.resnet50(), layers);
    Run was = base.run();
    Run run =
        new Run(
            was.backend(),
            Precision.valueOf(precision.toUpperCase(Locale.ROOT)),
            was.layout(),
            was.batch(),
            was.fused(),
            was.samples(),
            was.droppedSamples(),
            was.warmupRuns(),
            was.stopReason(),
            was.startedAt(),
            was.rawSeconds());
    Map<String, String> properties =
        capability == null ? Map.of() : Map.of("compute_capability", capability);
    Device device = new Device(DeviceKind.CUDA, "cuda:0", "Sample GPU", properties, false);
    return changed(base, run, device, null, true);
  }

  private static ProfileResult launch(double eager, double graph) {
    ProfileResult base = cuda("bf16", four(0.012), null);
    return changed(
        base, base.run(), base.device(), new Launch(eager, graph, (eager - graph) / graph), true);
  }

  static ProfileResult changed(
      ProfileResult base, Run run, Device device, @Nullable Launch launch, boolean valid) {
    return new ProfileResult(
        base.model(),
        device,
        run,
        base.environment(),
        base.cost(),
        base.latency(),
        base.throughput(),
        base.efficiency(),
        base.layers(),
        base.layerSumRatio(),
        base.memory(),
        base.firstRunSeconds(),
        launch,
        base.numericCheck(),
        base.assignment(),
        base.roofs(),
        base.sensors(),
        valid,
        base.warnings());
  }

  /** Steps with the names that backends give them, all of equal duration. */
  private static List<String> titles(Backend backend, RunOptions options) {
    List<Layer> layers;
    try (Plan plan =
        backend.prepare(Zoo.get("shufflenet_v2_x0_5").bind(Bindings.ofBatch(1)), options)) {
      layers =
          plan.steps().stream()
              .map(one -> SampleProfiles.timed(one.name(), one.op(), one.nodes(), MEMORY, 0.012))
              .toList();
    }
    return Advice.of(cuda("bf16", layers, null)).stream().map(Advice::title).toList();
  }

  @Test
  void theStepsOfTheCpuBackendAreUnderstood() {
    try (Backend backend = DjlBackend.open()) {
      assertThat(titles(backend, RunOptions.DEFAULT.withFuse(false)))
          .containsExactlyInAnyOrder(
              "Fuse elementwise operators into the layers before them",
              "Export the model with fewer transpositions");
      assertThat(titles(backend, RunOptions.DEFAULT))
          .containsExactly("Export the model with fewer transpositions");
    }
  }

  @Test
  void theStepsOfTheGpuBackendAreUnderstood(@TempDir Path cache) {
    try (Backend backend = EmulatedGpu.open(cache)) {
      assertThat(titles(backend, RunOptions.DEFAULT.withLayout(Layout.NHWC)))
          .containsExactlyInAnyOrder(
              "Keep one memory layout throughout", "Export the model with fewer transpositions");
    }
  }
}
