package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.result.Precision;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;

class TurnTakingTest {
  private static final Device CPU = new Device(DeviceKind.CPU, "cpu", "Test CPU", Map.of(), false);
  private static final Turns.Side SIDE = new Turns.Side("net", "fake", CPU, Precision.FP32, 1);

  private final FakeTime time = new FakeTime();

  /**
   * Both take 10 ms, the new one {@code factor} times that, multiplied by the machine's slowdown.
   */
  private Turns compare(double factor, DoubleSupplier noise, double limitSeconds, long seed) {
    FakePlan base = FakePlan.of(time, pass -> 0.01 * noise.getAsDouble());
    FakePlan next = FakePlan.of(time, pass -> 0.01 * factor * noise.getAsDouble());
    Turns.Rules rules = new Turns.Rules(0.01, 0.001, limitSeconds, seed);
    return new TurnTaking(rules, time, Progress.SILENT).compare(base, SIDE, next, SIDE);
  }

  private static DoubleSupplier jitter(long seed) {
    Random random = new Random(seed);
    return () -> 1 + 0.02 * Math.exp(random.nextGaussian());
  }

  @Test
  void aSlowdownIsConfirmedWithItsSize() {
    Turns turns = compare(1.03, jitter(1), 60, 1);
    assertThat(turns.verdict()).isEqualTo(Change.SLOWER);
    assertThat(turns.isSlower()).isTrue();
    assertThat(turns.change()).isCloseTo(0.03, within(0.01));
    assertThat(turns.low()).isBetween(0.01, 0.03);
    assertThat(turns.high()).isGreaterThan(0.03);
    assertThat(turns.seconds()).isLessThan(30);
  }

  @Test
  void aSpeedupIsConfirmedAndNotAFailure() {
    Turns turns = compare(0.9, jitter(1), 60, 1);
    assertThat(turns.verdict()).isEqualTo(Change.FASTER);
    assertThat(turns.isSlower()).isFalse();
  }

  @Test
  void theSameTwiceIsNoChange() {
    Turns turns = compare(1, jitter(1), 60, 1);
    assertThat(turns.verdict()).isEqualTo(Change.SAME);
    assertThat(turns.low()).isBetween(-0.01, 0.0);
    assertThat(turns.high()).isBetween(0.0, 0.01);
  }

  @Test
  void withoutTimeItStaysUndecidedAndKeepsTheLimit() {
    Turns turns = compare(1.03, jitter(1), 1, 1);
    assertThat(turns.verdict()).isNull();
    assertThat(turns.low()).isNull();
    assertThat(turns.seconds()).isBetween(0.8, 1.0);
  }

  @Test
  void aChangeOfTheThresholdItselfIsNeverDecided() {
    assertThat(compare(1.01, () -> 1, 20, 1).verdict()).isNull();
  }

  /** The machine slows down permanently, as when it gets hot: this affects both equally. */
  @Test
  void aDriftIsNoChange() {
    Turns turns = compare(1, () -> 1 + time.seconds() / 100, 100, 1);
    assertThat(turns.verdict()).isNotIn(Change.SLOWER, Change.FASTER);
  }

  /** Every second turn is slow: with a fixed order all of them would be on one side. */
  @Test
  void aRhythmOfTheMachineIsNotAChange() {
    int[] passes = {0};
    DoubleSupplier rhythm = () -> passes[0]++ / 4 % 2 == 0 ? 1 : 1.1;
    for (long seed = 1; seed <= 20; seed++) {
      assertThat(compare(1, rhythm, 20, seed).verdict()).isNotIn(Change.SLOWER, Change.FASTER);
    }
  }

  @Test
  void aSeedRepeatsTheOrder() {
    assertThat(compare(1.03, jitter(1), 60, 7).pairs())
        .isEqualTo(compare(1.03, jitter(1), 60, 7).pairs());
  }

  /** A pass of a second is a whole turn, so that three of them do not cost eight. */
  @Test
  void slowPassesAreTurnsOfTheirOwn() {
    FakePlan slow = FakePlan.of(time, pass -> 1);
    Turns turns =
        new TurnTaking(new Turns.Rules(0.01, 0.001, 60, 1), time, Progress.SILENT)
            .compare(slow, SIDE, FakePlan.of(time, pass -> 1.1), SIDE);
    assertThat(turns.verdict()).isEqualTo(Change.SLOWER);
    assertThat(turns.seconds()).isLessThan(50);
  }
}
