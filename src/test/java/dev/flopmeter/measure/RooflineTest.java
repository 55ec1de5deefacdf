package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.measure.RoofSet.Roofline;
import dev.flopmeter.measure.RoofSet.Work;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult.Cache;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A machine of 1 TFLOP/s, 10 GB/s of memory, 1 MB of L2 at 100 GB/s and 10 MB of L3 at 40 GB/s. */
class RooflineTest {
  private static final double LAUNCH = 1e-6;
  private static final Roofline LINE =
      new Roofline(
          Basis.MEASURED,
          1e12,
          1e10,
          List.of(new Cache("L2", 1_000_000, 1e11), new Cache("L3", 10_000_000, 4e10)),
          LAUNCH);

  private static Work moves(double bytes) {
    return new Work(0, bytes, 0);
  }

  @Test
  void workIsJudgedAgainstTheLevelThatItsWorkingSetFits() {
    assertThat(LINE.idealSeconds(moves(1e6))).isCloseTo(1e6 / 1e11, within(1e-12));
    assertThat(LINE.level(moves(1e6))).isEqualTo("L2");
    assertThat(LINE.idealSeconds(moves(1e7))).isCloseTo(1e6 / 1e11 + 9e6 / 4e10, within(1e-12));
    assertThat(LINE.level(moves(1e7))).isEqualTo("L3");
    assertThat(LINE.idealSeconds(moves(1e8))).isCloseTo(1e7 / 4e10 + 9e7 / 1e10, within(1e-12));
    assertThat(LINE.level(moves(1e8))).isEqualTo("memory");
  }

  @Test
  void aWorkingSetSlightlyLargerThanACacheIsPartlyReadFromIt() {
    // 1.1 MB: all but 0.1 MB of it may still be in L2, 12.5 us; from L3 alone it would be 27.5 us.
    assertThat(LINE.idealSeconds(moves(1.1e6))).isCloseTo(1e6 / 1e11 + 1e5 / 4e10, within(1e-12));
    assertThat(LINE.level(moves(1.1e6))).isEqualTo("L3");
  }

  @Test
  void weightsThatNoCacheKeptComeFromMemory() {
    // 7 MB of weights from memory; of 2 MB of activations the previous layer left 1 MB in L2.
    Work coldWeights = new Work(0, 9e6, 7e6);
    assertThat(LINE.idealSeconds(coldWeights))
        .isCloseTo(7e6 / 1e10 + 1e6 / 1e11 + 1e6 / 4e10, within(1e-12));
    assertThat(LINE.level(coldWeights)).isEqualTo("memory");
    assertThat(LINE.bound(coldWeights, 1e-3)).isEqualTo(Bound.MEMORY);
  }

  @Test
  void aPassThatFitsTheLargestCacheHasNoColdWeights() {
    assertThat(LINE.coldShare(1e7)).isZero();
    assertThat(LINE.coldShare(4e7)).isCloseTo(0.75, within(1e-12));
    assertThat(new Roofline(Basis.MEASURED, 1e12, 1e10, List.of(), null).coldShare(1)).isEqualTo(1);
  }

  @Test
  void aRoofLimitsLayersThatReachHalfOfIt() {
    Work product = new Work(1_000_000_000L, 1e6, 0);
    assertThat(LINE.bound(product, 1.9e-3)).isEqualTo(Bound.COMPUTE);
    assertThat(LINE.bound(product, 2.1e-3)).isEqualTo(Bound.INEFFICIENT);
    assertThat(LINE.bound(moves(1e6), 1.9e-5)).isEqualTo(Bound.CACHE);
    assertThat(LINE.bound(moves(1e8), 1.8e-2)).isEqualTo(Bound.MEMORY);
    assertThat(LINE.bound(moves(1e8), 1e-1)).isEqualTo(Bound.INEFFICIENT);
  }

  @Test
  void aLaunchLimitsLayersThatItKeepsFromTheRoof() {
    // 2 us at the roof of 4.5 us: with the 1 us of a launch it is more than half.
    Work product = new Work(2_000_000L, 1, 0);
    assertThat(LINE.bound(product, 3.9e-6)).isEqualTo(Bound.COMPUTE);
    assertThat(LINE.bound(product, 4.5e-6)).isEqualTo(Bound.LAUNCH);
    assertThat(LINE.bound(product, 7e-6)).isEqualTo(Bound.INEFFICIENT);
    assertThat(LINE.bound(new Work(1000, 1, 0), 1.5e-6)).isEqualTo(Bound.LAUNCH);
    assertThat(LINE.bound(new Work(1000, 1, 0), 5e-3)).isEqualTo(Bound.INEFFICIENT);
  }
}
