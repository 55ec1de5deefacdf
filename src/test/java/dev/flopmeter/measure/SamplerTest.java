package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Rules 2, 4, 5 and 8 of the method, each with a series made to violate it. */
class SamplerTest {
  private final FakeTime time = new FakeTime();

  private Samples sample(FakePlan plan, SamplingRules rules, SensorWatch watch) {
    double first = plan.timePass();
    return new Sampler(plan, rules, time, watch, Progress.SILENT).sample(first);
  }

  private Samples sample(IntToDoubleFunction seconds) {
    return sample(FakePlan.of(time, seconds), SamplingRules.DEFAULT, SensorWatch.NONE);
  }

  /** Pass i always takes the same time, independent of the order of calls. */
  private static double noise(int pass) {
    return new Random(pass * 7919L + 17).nextGaussian();
  }

  // Rule 4: warm-up

  @Test
  void warmsUpForTenRunsAtLeast() {
    assertThat(sample(pass -> 0.05).warmupRuns()).isGreaterThanOrEqualTo(10);
  }

  @Test
  void warmsUpForTwoHundredMillisecondsAtLeast() {
    Samples samples = sample(pass -> 1e-4);
    assertThat(samples.warmupRuns() * 1e-4).isGreaterThanOrEqualTo(0.2);
    assertThat(samples.isWarm()).isTrue();
  }

  @Test
  void warmsUpUntilDriftEnds() {
    // Falls from 40 % above to the final level over 60 passes: no sample may come from the slope.
    Samples samples = sample(pass -> 0.01 * (1 + 0.4 * Math.max(0, 60 - pass) / 60));
    assertThat(samples.warmupRuns()).isGreaterThan(55);
    assertThat(samples.passes()).allSatisfy(s -> assertThat(s).isCloseTo(0.01, within(2e-4)));
  }

  @Test
  void theFirstRunIsReportedSeparately() {
    Samples samples = sample(pass -> pass == 0 ? 3 : 0.01);
    assertThat(samples.firstRun()).isEqualTo(3);
    assertThat(samples.passes()).doesNotContain(3.0);
  }

  @Test
  void saysWhenWarmingUpNeverEnded() {
    Samples samples = sample(pass -> 0.01 * (1 + pass));
    assertThat(samples.isWarm()).isFalse();
    assertThat(time.seconds()).isLessThan(16);
  }

  // Rule 5: when to stop

  @Test
  void aQuietSeriesStopsAsSoonAsItHasEnough() {
    Samples samples = sample(pass -> 0.01 * (1 + 0.001 * noise(pass)));
    assertThat(samples.stopReason()).isEqualTo(StopReason.QUIET);
    assertThat(samples.passes()).hasSizeBetween(50, 60); // 0.5 s of 10 ms
  }

  @Test
  void slowPassesStillNeedThirtySamples() {
    Samples samples = sample(pass -> 0.1);
    assertThat(samples.passes()).hasSizeGreaterThanOrEqualTo(30);
  }

  @Test
  void aNoisySeriesStopsOnceItsNoiseHasSettled() {
    Samples samples = sample(pass -> 0.01 * (1 + 0.05 * Math.abs(noise(pass))));
    assertThat(samples.stopReason()).isEqualTo(StopReason.SETTLED);
    assertThat(samples.passes().size()).isBetween(50, 400);
  }

  @Test
  void bimodalNoiseIsKeptWhole() {
    Samples samples = sample(pass -> noise(pass) > 0 ? 0.01 : 0.014);
    Distribution passes = Distribution.of(samples.passes());
    assertThat(passes.q1()).isEqualTo(0.01);
    assertThat(passes.q3()).isEqualTo(0.014);
    assertThat(passes.relativeIqr()).isGreaterThan(0.25);
  }

  @Test
  void growingNoiseRunsIntoTheTimeLimit() {
    // Each pass varies more than the previous one, so the noise never settles.
    Samples samples = sample(pass -> 0.02 * (1 + 0.001 * pass * Math.abs(noise(pass))));
    assertThat(samples.stopReason()).isEqualTo(StopReason.TIME_LIMIT);
    assertThat(time.seconds()).isLessThanOrEqualTo(15);
  }

  @Test
  void theWallHoldsForPassesOfSeconds() {
    Samples samples = sample(pass -> 2.0);
    assertThat(samples.stopReason()).isEqualTo(StopReason.TIME_LIMIT);
    assertThat(time.seconds()).isLessThanOrEqualTo(2 + 15);
    assertThat(samples.passes().size()).isBetween(2, 5);
    assertThat(samples.steps()).isNotEmpty();
  }

  @Test
  void aPassLongerThanTheLimitIsSampledOnce() {
    Samples samples = sample(pass -> 20.0);
    assertThat(samples.passes()).containsExactly(20.0);
    assertThat(samples.steps()).hasSize(1);
    assertThat(samples.isWarm()).isFalse();
  }

  @Test
  void theLimitIsTheCallers() {
    sample(
        FakePlan.of(time, pass -> 0.02 * (1 + 0.001 * pass * Math.abs(noise(pass)))),
        SamplingRules.DEFAULT.withLimit(Duration.ofSeconds(4)),
        SensorWatch.NONE);
    assertThat(time.seconds()).isBetween(3.5, 4.0);
  }

  // Rule 2: two kinds of passes, under the same conditions

  @Test
  void driftMeetsPassesAndLayersAlike() {
    // 30 % slower from start to end; the layers add up to exactly the pass before them.
    Samples samples = sample(pass -> 0.01 * (1 + 0.003 * pass));
    double passes = Distribution.of(samples.passes()).median();
    double layers = samples.step(0).median() + samples.step(1).median();
    assertThat(layers / passes).isCloseTo(1, within(0.02));
  }

  @Test
  void noLayerPassComesRightBeforeTheFirstOrWithinARoundOfUndisturbedOnes() {
    FakePlan plan = FakePlan.of(time, pass -> 0.01);
    sample(plan, SamplingRules.DEFAULT, SensorWatch.NONE);
    String calls = String.join(" ", plan.calls);
    assertThat(calls).contains("pass pass pass pass pass steps steps pass");
    assertThat(calls).doesNotContain("steps pass steps");
  }

  // Rule 8: samples on throttled clocks

  @Test
  void refusedSamplesAreDroppedAndCounted() {
    FakePlan plan = FakePlan.of(time, pass -> 0.01);
    int[] asked = {0};
    SensorWatch watch =
        () -> asked[0]++ % 4 == 0 ? Optional.of("clock below 75 %") : Optional.empty();
    Samples samples = sample(plan, SamplingRules.DEFAULT, watch);
    assertThat(samples.dropped()).containsOnlyKeys("clock below 75 %");
    int dropped = samples.dropped().get("clock below 75 %");
    assertThat(dropped + samples.passes().size()).isEqualTo(asked[0]);
    assertThat(samples.passes()).hasSizeGreaterThanOrEqualTo(50);
  }

  @Test
  void ifAllSamplesAreRejectedTheTimeLimitEndsIt() {
    Samples samples =
        sample(
            FakePlan.of(time, pass -> 0.05), SamplingRules.DEFAULT, () -> Optional.of("throttled"));
    assertThat(samples.passes()).hasSize(1);
    assertThat(samples.stopReason()).isEqualTo(StopReason.TIME_LIMIT);
  }

  @Test
  void progressOnlyGrows() {
    List<Double> shares = new ArrayList<>();
    FakePlan plan = FakePlan.of(time, pass -> 0.01 * (1 + 0.05 * Math.abs(noise(pass))));
    Progress progress = (phase, done, detail) -> shares.add(done);
    new Sampler(plan, SamplingRules.DEFAULT, time, SensorWatch.NONE, progress).sample(0.01);
    assertThat(shares).isSorted().allSatisfy(share -> assertThat(share).isBetween(0.0, 1.0));
  }
}
