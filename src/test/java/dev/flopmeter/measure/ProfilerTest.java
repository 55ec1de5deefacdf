package dev.flopmeter.measure;

import static dev.flopmeter.measure.ProfileCase.APART;
import static dev.flopmeter.measure.ProfileCase.CARD;
import static dev.flopmeter.measure.ProfileCase.CPU;
import static dev.flopmeter.measure.ProfileCase.GRAPH;
import static dev.flopmeter.measure.ProfileCase.NOON;
import static dev.flopmeter.measure.ProfileCase.answer;
import static dev.flopmeter.measure.ProfileCase.counts;
import static dev.flopmeter.measure.ProfileCase.measured;
import static dev.flopmeter.measure.ProfileCase.reference;
import static dev.flopmeter.measure.ProfileCase.request;
import static dev.flopmeter.measure.ProfileCase.roofs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.run.RunOptions;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rules 1, 2, 3, 6, 7 and 10 of the method, with plans that violate them. */
class ProfilerTest {
  private static double noise(int pass) {
    return new Random(pass * 7919L + 17).nextGaussian();
  }

  // Rule 1: correct before fast

  @Test
  void aWrongAnswerIsNotAResult() {
    ProfileCase wrong = new ProfileCase();
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
    ProfileCase half = new ProfileCase();
    half.plansAnswer = inputs -> answer(1, 2.01);
    half.request = request(Precision.FP16);
    ProfileResult result = half.run();
    assertThat(result.valid()).isTrue();
    assertThat(result.numericCheck().tolerance()).isEqualTo(2e-2);
  }

  @Test
  void notANumberAndMissingOutputsAreWrong() {
    ProfileCase nan = new ProfileCase();
    nan.plansAnswer = inputs -> answer(1, Double.NaN);
    assertThat(nan.run().valid()).isFalse();
    ProfileCase missing = new ProfileCase();
    missing.plansAnswer = inputs -> Map.of();
    assertThat(missing.run().valid()).isFalse();
  }

  @Test
  void theCheckComesAfterTheFirstRunAndBeforeAnyTimeThatCounts() {
    ProfileCase checked = new ProfileCase();
    checked.run();
    assertThat(checked.plan.calls.subList(0, 5))
        .containsExactly("load", "pass", "run", "load", "pass");
  }

  @Test
  void withoutAReferenceTheResultSaysSo() {
    ProfileCase unchecked = new ProfileCase();
    unchecked.reference = null;
    ProfileResult result = unchecked.run();
    assertThat(result.numericCheck()).isNull();
    assertThat(result.warnings()).containsExactly("the outputs were not compared with a reference");
  }

  @Test
  void inputsAreRandomSeededAndNeverZeros() {
    List<Map<String, Tensor>> fed = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      ProfileCase spied = new ProfileCase();
      spied.plansAnswer =
          inputs -> {
            fed.add(inputs);
            return answer(1, 2);
          };
      spied.run();
    }
    double[] values = fed.get(0).get("x").toDoubles();
    assertThat(values).containsExactly(fed.get(1).get("x").toDoubles());
    assertThat(Distribution.of(values).quantile(1) - Distribution.of(values).min())
        .isGreaterThan(1);
    assertThat(java.util.Arrays.stream(values).filter(v -> v == 0)).isEmpty();
  }

  // Rule 2: the two passes against each other

  @Test
  void theLayersSumIsComparedWithTheWhole() {
    assertThat(new ProfileCase().run().layerSumRatio()).isCloseTo(1, within(1e-9));
    for (double share : new double[] {0.90, 1.2}) {
      ProfileCase off = new ProfileCase();
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
    ProfileCase graphs = new ProfileCase();
    graphs.eager = 1.25;
    ProfileResult.Launch launch = graphs.run().launch();
    assertThat(launch).isNotNull();
    assertThat(launch.overheadRatio()).isCloseTo(0.25, within(1e-9));
    assertThat(new ProfileCase().run().launch()).isNull();
  }

  // Rules 4 and 5, in the result

  @Test
  void theResultSaysHowSamplingWent() {
    ProfileResult result = new ProfileCase().run();
    assertThat(result.run().stopReason()).isEqualTo("noise below bound");
    assertThat(result.run().warmupRuns()).isGreaterThanOrEqualTo(200);
    assertThat(result.run().samples()).isGreaterThanOrEqualTo(500);
    assertThat(result.run().startedAt()).isEqualTo(NOON);
    assertThat(result.firstRunSeconds()).isEqualTo(1e-3);
    assertThat(result.run().rawSeconds()).isNull();
  }

  @Test
  void rawSamplesOnRequest() {
    ProfileCase raw = new ProfileCase();
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
    ProfileCase slow = new ProfileCase();
    slow.seconds = pass -> 0.4;
    ProfileResult result = slow.run();
    assertThat(result.valid()).isTrue();
    assertThat(result.run().stopReason()).isEqualTo("time limit");
    assertThat(result.warnings()).anyMatch(w -> w.matches("only \\d+ of 30 samples fit.*"));
    ProfileCase slower = new ProfileCase();
    slower.seconds = pass -> 3;
    result = slower.run();
    assertThat(result.valid()).isFalse();
    assertThat(result.warnings()).anyMatch(w -> w.contains("at least 6 are needed"));
  }

  // Rule 6: noise

  @Test
  void tailsNeedSamples() {
    ProfileCase brief = new ProfileCase();
    brief.seconds = pass -> 0.02;
    ProfileResult result = brief.run(); // 30 samples
    assertThat(result.latency().p90()).isNull();
    ProfileResult many = new ProfileCase().run(); // 500
    assertThat(many.latency().p95()).isNotNull();
    assertThat(many.latency().p99()).isNull();
  }

  @Test
  void scatterOfTenPercentWarnsOfTwentyFiveInvalidates() {
    ProfileCase noisy = new ProfileCase();
    noisy.seconds = pass -> 1e-3 * (1 + 0.18 * Math.abs(noise(pass)));
    ProfileResult result = noisy.run();
    assertThat(result.latency().relativeIqr()).isBetween(0.10, 0.25);
    assertThat(result.valid()).isTrue();
    assertThat(result.warnings()).anyMatch(w -> w.endsWith("more than 10 %"));
    ProfileCase bimodal = new ProfileCase();
    bimodal.seconds = pass -> noise(pass) > 0 ? 1e-3 : 1.5e-3;
    result = bimodal.run();
    assertThat(result.valid()).isFalse();
    assertThat(result.warnings()).anyMatch(w -> w.contains("more than 25 %"));
  }

  @Test
  void rareOutliersDoNotMoveTheMedian() {
    ProfileCase spiky = new ProfileCase();
    spiky.seconds = pass -> pass % 20 == 7 ? 1e-2 : 1e-3;
    ProfileResult result = spiky.run();
    assertThat(result.latency().median()).isEqualTo(1e-3);
    assertThat(result.valid()).isTrue();
  }

  // Rule 7: roofs

  @Test
  void moreThanTheDatasheetsPeakIsInvalid() {
    ProfileCase impossible = new ProfileCase();
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
    assertThat(result.warnings())
        .anyMatch(w -> w.startsWith("20.5 TFLOP/s is above the datasheet peak of 19.5 TFLOP/s:"));
  }

  @Test
  void aMeasuredRoofThatAResultExceedsIsNotUsed() {
    ProfileCase quiet = new ProfileCase();
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
        .startsWith("1.02 MFLOP/s is above the measured roof of 966 KFLOP/s")
        .endsWith("the measured roof is too low; run flopmeter roof again");
    // The roof is the best of a few products; a result may be a little faster.
    quiet.roofs = roofs(CPU, measured(rate / 1.04, 1e9, 1e-7));
    assertThat(quiet.run().efficiency().mfu().measured()).isCloseTo(1.04, within(1e-9));
  }

  @Test
  void theClockAdjustedRoofFollowsTheClockThatWasRead() {
    ProfileCase card = new ProfileCase();
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
    ProfileCase throttled = new ProfileCase();
    int[] asked = {0};
    throttled.watch = () -> asked[0]++ % 10 == 0 ? Optional.of("slow clock") : Optional.empty();
    ProfileResult result = throttled.run();
    assertThat(result.run().droppedSamples()).containsOnlyKeys("slow clock");
    assertThat(result.warnings()).singleElement().asString().endsWith("dropped: slow clock");
  }

  @Test
  void energyIsPerInferenceOverTwoSeconds() {
    ProfileCase metered = new ProfileCase();
    double[] from = {-1};
    metered.watch =
        new FixedWatch(
            1.2e9,
            () -> {
              if (from[0] < 0) {
                from[0] = metered.time.seconds();
              }
              return OptionalDouble.of(300 * metered.time.seconds()); // a steady 300 W
            });
    ProfileResult result = metered.run();
    // 300 W x 1 ms a pass / 4 inferences a pass
    assertThat(result.sensors().energyJPerInference()).isCloseTo(0.075, within(1e-4));
    assertThat(metered.time.seconds() - from[0]).isGreaterThanOrEqualTo(2 - 1e-9);
  }

  // Rule 10: surroundings

  @Test
  void theSurroundingsAreRecorded() {
    ProfileCase card = new ProfileCase();
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
    FakeTime time = new FakeTime();
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
