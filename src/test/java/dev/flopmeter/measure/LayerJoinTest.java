package dev.flopmeter.measure;

import static dev.flopmeter.measure.ProfileCase.APART;
import static dev.flopmeter.measure.ProfileCase.CARD;
import static dev.flopmeter.measure.ProfileCase.CPU;
import static dev.flopmeter.measure.ProfileCase.FUSED;
import static dev.flopmeter.measure.ProfileCase.GRAPH;
import static dev.flopmeter.measure.ProfileCase.MATMUL;
import static dev.flopmeter.measure.ProfileCase.NOON;
import static dev.flopmeter.measure.ProfileCase.RELU;
import static dev.flopmeter.measure.ProfileCase.counts;
import static dev.flopmeter.measure.ProfileCase.measured;
import static dev.flopmeter.measure.ProfileCase.request;
import static dev.flopmeter.measure.ProfileCase.roofs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Attainable;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Totals;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Combining cost and time: rates, shares of the roofs, and each layer's position under them. */
class LayerJoinTest {
  @Test
  void joinsCostAndTime() {
    ProfileCase good = new ProfileCase();
    ProfileResult result = good.run();
    assertThat(result.latency().median()).isEqualTo(1e-3);
    assertThat(result.throughput().inferencesPerSecond()).isCloseTo(4 / 1e-3, within(1e-6));
    assertThat(result.throughput().achievedFlopsPerSecond())
        .isCloseTo(2 * 512 / 1e-3, within(1e-6));
    // MFU only counts MACs: the Relu's 64 FLOPs are not included.
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
    assertThat(good.plan.isClosed).isTrue();
  }

  @Test
  void halfPrecisionMovesHalfTheBytes() {
    ProfileCase half = new ProfileCase();
    half.request = request(Precision.FP16);
    ProfileResult result = half.run();
    assertThat(result.efficiency().mbu().measured()).isCloseTo(704 / 1e-3 / 1e9, within(1e-12));
    assertThat(result.efficiency().intensity()).isCloseTo(1088 / 704.0, within(1e-12));
    // No fp16 rate was measured, and fp32's is no substitute.
    assertThat(result.efficiency().mfu().measured()).isNull();
  }

  @Test
  void aLayerIsPlacedUnderTheRoofline() {
    ProfileCase slow = new ProfileCase();
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
    ProfileCase slow = new ProfileCase();
    slow.roofs = roofs(CPU, measured(1e7, 1e7, 1e-7));
    // 102.4 us at the roof of 750, and 51.2 of 250.
    assertThat(slow.run().layers()).extracting(Layer::bound).containsOnly(Bound.INEFFICIENT);
  }

  @Test
  void aLayerAboveItsRoofIsAWarningThatNamesTheRoof() {
    ProfileCase fast = new ProfileCase();
    fast.roofs = roofs(CPU, measured(1e9, 1e6, 1e-7));
    assertThat(fast.run().warnings())
        .singleElement()
        .asString()
        .contains("2 of 2 layers are above the bandwidth of the memory, 'y' at 205 %");
  }

  @Test
  void aViewMovesNothingAndHasNoPlaceUnderTheRoofline() {
    ProfileCase view = new ProfileCase();
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
    ProfileCase coarse = new ProfileCase();
    coarse.roofs = roofs(CPU, measured(1e9, 1e6, 1e-7));
    coarse.floor = 200e-6; // the steps take 750 and 250 us
    List<Layer> layers = coarse.run().layers();
    assertThat(layers.get(0).rooflineEfficiency()).isCloseTo(896 / 750.0, within(1e-9));
    assertThat(layers.get(1).rooflineEfficiency()).isNull();
    assertThat(layers.get(1).bound()).isNull();
    assertThat(layers.get(1).kernel().algorithm()).isEqualTo("map (time not resolved)");
  }

  @Test
  void theAttainableTimeIsTheSumOfTheLayersShortestTimes() {
    ProfileCase slow = new ProfileCase();
    slow.roofs = roofs(CPU, measured(1e7, 1e7, 1e-7));
    ProfileResult result = slow.run();
    // The product's 1024 FLOPs take at least 102.4 us, the Relu's 512 bytes at least 51.2 us.
    Attainable best = result.efficiency().attainable();
    assertThat(best.roofs()).isEqualTo(Basis.MEASURED);
    assertThat(best.flopsPerSecond()).isCloseTo(1024 / 153.6e-6, within(1e-6));
    assertThat(best.mfu().measured()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(best.mfu().datasheet()).isNull();
    // A pass takes 1 ms, 6.51 times as long: 10.24 % of 66.7 %.
    assertThat(result.efficiency().mfu().measured() / best.mfu().measured())
        .isCloseTo(0.1536, within(1e-12));

    slow.steps = FUSED; // 896 bytes take 89.6 us, less than the product
    assertThat(slow.run().efficiency().attainable().mfu().measured()).isEqualTo(1);
  }

  @Test
  void measuredRoofsBoundTheLayersWhateverThePeak() {
    ProfileCase measured = new ProfileCase();
    measured.roofs = roofs(CARD, measured(1e7, 1e7, 1e-7));
    Attainable best = measured.run().efficiency().attainable();
    assertThat(best.roofs()).isEqualTo(Basis.MEASURED);
    assertThat(best.mfu().datasheet()).isCloseTo(1024 / 153.6e-6 / 19.5e12, within(1e-18));

    ProfileCase known = new ProfileCase();
    known.roofs = roofs(CARD, null);
    best = known.run().efficiency().attainable();
    assertThat(best.roofs()).isEqualTo(Basis.DATASHEET);
    // So little work is memory-bound: 896 and 512 bytes at 2.039 TB/s.
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
    ProfileCase mixed = new ProfileCase();
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
    // The step that the runtime added has no work, so a perfect runtime does not need it.
    double seconds = (4 * 8 + 2 * 32 * 2 + 2 * (32 + 128 + 64)) / 1e7;
    assertThat(mixed.run().efficiency().attainable().flopsPerSecond())
        .isCloseTo(2 * 4 * 8 * 16 / seconds, within(1e-6));
  }

  @Test
  void withoutRoofsForBothOrWithoutProductsNothingIsAttainable() {
    ProfileCase unknown = new ProfileCase();
    unknown.roofs = roofs(CPU, null);
    assertThat(unknown.run().efficiency().attainable()).isNull();
    ProfileCase oneRoof = new ProfileCase();
    oneRoof.request = request(Precision.FP16); // a roof of the memory, but none of fp16
    assertThat(oneRoof.run().efficiency().attainable()).isNull();
    ProfileCase noProducts = new ProfileCase();
    noProducts.steps = APART.subList(1, 2);
    assertThat(noProducts.run().efficiency().attainable()).isNull();
  }

  @Test
  void workSmallerThanALaunchIsBoundByIt() {
    ProfileCase quick = new ProfileCase();
    quick.roofs = roofs(CPU, measured(1e12, 1e12, 5e-4));
    assertThat(quick.run().layers()).extracting(Layer::bound).containsOnly(Bound.LAUNCH);
  }

  @Test
  void workSmallerThanALaunchThatTakesFarLongerIsInefficient() {
    ProfileCase slow = new ProfileCase();
    slow.roofs = roofs(CPU, measured(1e12, 1e12, 5e-6));
    assertThat(slow.run().layers()).extracting(Layer::bound).containsOnly(Bound.INEFFICIENT);
  }

  @Test
  void withoutARoofThereIsNoBound() {
    ProfileCase unknown = new ProfileCase();
    unknown.roofs = roofs(CPU, null);
    ProfileResult result = unknown.run();
    assertThat(result.layers()).extracting(Layer::bound).containsOnlyNulls();
    assertThat(result.layers()).extracting(Layer::rooflineEfficiency).containsOnlyNulls();
    assertThat(result.efficiency().mfu()).isEqualTo(ProfileResult.Shares.NONE);
  }

  @Test
  void aFusedStepHasItsNodesCostAndOnlyItsBordersTraffic() {
    ProfileCase fused = new ProfileCase();
    fused.steps = FUSED;
    Layer layer = fused.run().layers().get(0);
    assertThat(layer.cost()).isEqualTo(MATMUL.plus(RELU));
    // x and w in, y out; the product in between is not written: 4 * (32 + 128 + 64).
    assertThat(layer.intensity()).isCloseTo(1088 / 896.0, within(1e-12));
  }

  @Test
  void onlyWhatCountApproximatesIsAWarning() {
    String note = "Loop 'l' is counted for one iteration; their number depends on data";
    ProfileCase one = new ProfileCase();
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
  void uncountedOperatorsAreNamed() {
    ProfileCase odd = new ProfileCase();
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
}
