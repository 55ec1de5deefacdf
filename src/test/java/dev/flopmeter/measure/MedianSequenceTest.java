package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.ProfileResult.Interval;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;

/** The rate at which intervals ever miss the median, for any noise, and how fast they narrow. */
class MedianSequenceTest {
  private static final double ERROR_RATE = 0.05;
  private static final int SERIES = 2000;
  private static final int LENGTH = 500;

  /** The share of series with any interval that misses 0. */
  private static double misses(DoubleSupplier noise) {
    int missed = 0;
    for (int i = 0; i < SERIES; i++) {
      MedianSequence sequence = new MedianSequence(ERROR_RATE);
      boolean isMissed = false;
      for (int j = 0; j < LENGTH && !isMissed; j++) {
        sequence.add(noise.getAsDouble());
        Interval interval = sequence.interval();
        isMissed = interval.low() > 0 || interval.high() < 0;
      }
      missed += isMissed ? 1 : 0;
    }
    return (double) missed / SERIES;
  }

  @Test
  void ofGaussianNoiseItMissesLessOftenThanStated() {
    assertThat(misses(new Random(1)::nextGaussian)).isLessThan(ERROR_RATE);
  }

  @Test
  void noMeanNeedExist() {
    Random random = new Random(2);
    DoubleSupplier cauchy = () -> Math.tan(Math.PI * (random.nextDouble() - 0.5));
    assertThat(misses(cauchy)).isLessThan(ERROR_RATE);
  }

  /** Bursts of a hundred turns with correlated sizes; a coin decides whom each turn favours. */
  @Test
  void sizesMayDependOnEachOther() {
    Random random = new Random(3);
    double[] size = {1};
    int[] turn = {0};
    DoubleSupplier bursts =
        () -> {
          if (turn[0]++ % 100 == 0) {
            size[0] = Math.exp(3 * random.nextGaussian());
          }
          return random.nextBoolean() ? size[0] : -size[0];
        };
    assertThat(misses(bursts)).isLessThan(ERROR_RATE);
  }

  /** Using an interval for a single length at every length would miss far more often. */
  @Test
  void anIntervalForOneLengthWouldNotDo() {
    Random random = new Random(4);
    int missed = 0;
    for (int i = 0; i < SERIES; i++) {
      double[] values = random.doubles(LENGTH, -1, 1).toArray();
      boolean isMissed = false;
      for (int length = 10; length <= LENGTH && !isMissed; length += 10) {
        Interval interval =
            Distribution.of(java.util.Arrays.copyOf(values, length)).medianInterval();
        isMissed = interval.low() > 0 || interval.high() < 0;
      }
      missed += isMissed ? 1 : 0;
    }
    assertThat((double) missed / SERIES).isGreaterThan(2 * ERROR_RATE);
  }

  /** The rank, compared with the full likelihood ratio: 2^n B(a + k, a + n - k) / B(a, a). */
  @Test
  void theRankIsThatOfTheMixture() {
    MedianSequence sequence = new MedianSequence(0.001);
    for (int n = 1; n <= 300; n++) {
      sequence.add(n);
      int rank = 0;
      while (ratio(n, rank) >= 1000) {
        rank++;
      }
      double low = sequence.interval().low();
      assertThat(low).as("%d values", n).isEqualTo(rank == 0 ? Double.NEGATIVE_INFINITY : rank);
      double high = sequence.interval().high();
      assertThat(high).isEqualTo(rank == 0 ? Double.POSITIVE_INFINITY : n + 1 - rank);
    }
  }

  private static double ratio(int n, int k) {
    double sum = 0;
    for (double a : new double[] {0.5, 5, 50}) {
      double ratio = 1;
      for (int i = 0; i < n; i++) {
        ratio *= 2 * (i < k ? a + i : a + i - k) / (2 * a + i);
      }
      sum += ratio;
    }
    return sum / 3;
  }

  @Test
  void fewValuesDecideNothingAndOneSidedOnesDecideSoon() {
    MedianSequence sequence = new MedianSequence(0.001);
    for (int i = 0; i < 10; i++) {
      sequence.add(1);
    }
    assertThat(sequence.interval().low()).isEqualTo(Double.NEGATIVE_INFINITY);
    for (int i = 0; i < 10; i++) {
      sequence.add(1);
    }
    assertThat(sequence.interval()).isEqualTo(new Interval(1, 1));
  }
}
