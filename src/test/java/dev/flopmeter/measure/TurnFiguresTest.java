package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.result.Precision;
import java.util.Map;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/**
 * How often a comparison by turns confirms a change that is not there, and finds one that is, in
 * noise measured on a busy machine: passes of 5 ms, in the order and with the bursts of {@code
 * noise.csv}, each comparison from another position in it and with another seed.
 */
class TurnFiguresTest {
  private static final Device CPU = new Device(DeviceKind.CPU, "cpu", "Test CPU", Map.of(), false);
  private static final Turns.Side SIDE = new Turns.Side("net", "fake", CPU, Precision.FP32, 1);
  private static final double PASS = 0.005;
  private static final double FIVE_MINUTES = 300;

  private static Turns compare(double slowdown, long seed) {
    FakeTime time = new FakeTime();
    int[] at = {new Random(seed).nextInt(CoverageTest.NOISE.length)};
    IntToDoubleFunction pass = i -> PASS * CoverageTest.NOISE[at[0]++ % CoverageTest.NOISE.length];
    FakePlan base = FakePlan.of(time, pass);
    FakePlan next = FakePlan.of(time, i -> (1 + slowdown) * pass.applyAsDouble(i));
    return new TurnTaking(new Turns.Rules(0.01, 0.001, FIVE_MINUTES, seed), time, Progress.SILENT)
        .compare(base, SIDE, next, SIDE);
  }

  /** The comparisons that confirm a change, and the median of their durations. */
  private static int confirmed(double slowdown, int comparisons) {
    int slower = 0;
    int faster = 0;
    SortedSeries seconds = new SortedSeries();
    for (int i = 0; i < comparisons; i++) {
      Turns turns = compare(slowdown, 31L * i + Math.round(1000 * slowdown));
      slower += turns.verdict() == Change.SLOWER ? 1 : 0;
      faster += turns.verdict() == Change.FASTER ? 1 : 0;
      seconds.add(turns.seconds());
    }
    System.out.printf(
        "slower by %.0f %%: %d of %d confirmed, %d called faster, median %.0f s%n",
        100 * slowdown, slower, comparisons, faster, seconds.median());
    return slower + faster;
  }

  @Test
  void identicalRunsAreNeverCalledChanged() {
    assertThat(confirmed(0, 1000)).isZero();
  }

  @Test
  void fivePercentIsFoundInNinetyFiveOfAHundred() {
    assertThat(confirmed(0.05, 100)).isGreaterThanOrEqualTo(95);
  }

  @Test
  void threePercentIsFoundInEightyOfAHundred() {
    assertThat(confirmed(0.03, 100)).isGreaterThanOrEqualTo(80);
  }
}
