package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rule 9: ranges from the shortest time to the third quartile, with a threshold of 5 %. */
class ChangeTest {

  @ParameterizedTest
  @CsvSource({
    // base     new        verdict
    "1.00,1.02, 1.00,1.02, SAME",
    "1.00,1.02, 1.02,1.04, SAME", // the ranges touch
    "1.00,1.02, 0.90,1.50, SAME", // one within the other
    "1.00,1.02, 1.03,1.05, AMBIGUOUS", // 1 % apart
    "1.00,1.00, 1.05,1.06, AMBIGUOUS", // exactly the threshold apart
    "1.00,1.00, 1.06,1.07, SLOWER",
    "1.00,1.02, 1.08,1.10, SLOWER",
    "1.00,1.02, 1.00,9.00, SAME", // noise alone is not a slowdown
    "1.00,1.02, 0.97,0.98, AMBIGUOUS",
    "1.00,1.02, 0.90,0.94, FASTER",
  })
  void theVerdictIsInTheGap(double min, double q3, double newMin, double newQ3, Change change) {
    assertThat(Change.of(min, q3, newMin, newQ3, 0.05)).isEqualTo(change);
  }

  @Test
  void noThresholdMakesAnyGapAChange() {
    assertThat(Change.of(1, 1.01, 1.02, 1.03, 0)).isEqualTo(Change.SLOWER);
  }

  /**
   * 45 pairs of ten runs of the same network, with 2 % of noise and a tail: none may count as
   * changed.
   */
  @Test
  void noiseAloneConfirmsNothingAndTenPercentAlwaysDoes() {
    Random random = new Random(5);
    Distribution[] runs = new Distribution[10];
    for (int i = 0; i < runs.length; i++) {
      runs[i] = series(random, 1);
    }
    for (Distribution base : runs) {
      for (Distribution next : runs) {
        assertThat(change(base, next)).isIn(Change.SAME, Change.AMBIGUOUS);
      }
      assertThat(change(base, series(random, 1.10))).isEqualTo(Change.SLOWER);
      assertThat(change(base, series(random, 0.90))).isEqualTo(Change.FASTER);
    }
  }

  private static Distribution series(Random random, double scale) {
    double[] values = new double[60];
    for (int i = 0; i < values.length; i++) {
      double tail = random.nextInt(10) == 0 ? 0.3 * random.nextDouble() : 0;
      values[i] = scale * (1 + 0.02 * Math.abs(random.nextGaussian()) + tail);
    }
    return Distribution.of(values);
  }

  private static Change change(Distribution base, Distribution next) {
    return Change.of(base.min(), base.q3(), next.min(), next.q3(), 0.05);
  }
}
