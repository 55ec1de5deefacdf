package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.result.ProfileResult.Interval;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DistributionTest {
  @Test
  void medianAndQuartilesInterpolateBetweenSamples() {
    Distribution four = Distribution.of(4, 1, 3, 2);
    assertThat(four.min()).isEqualTo(1);
    assertThat(four.q1()).isEqualTo(1.75);
    assertThat(four.median()).isEqualTo(2.5);
    assertThat(four.q3()).isEqualTo(3.25);
    assertThat(four.relativeIqr()).isEqualTo((3.25 - 1.75) / 2.5);
  }

  @Test
  void oneOutlierMovesNeitherMedianNorQuartiles() {
    double[] series = IntStream.range(0, 101).mapToDouble(i -> 1 + i * 1e-4).toArray();
    double[] hit = series.clone();
    hit[100] = 50;
    assertThat(Distribution.of(hit).median()).isEqualTo(Distribution.of(series).median());
    assertThat(Distribution.of(hit).q3()).isEqualTo(Distribution.of(series).q3());
  }

  @ParameterizedTest
  @CsvSource({"0.90,64", "0.95,130", "0.99,662", "0.999,6636"})
  void aTailIsTheirsWhoHaveEnoughSamples(double p, int least) {
    assertThat(Distribution.isTailKnown(p, least)).isTrue();
    assertThat(Distribution.isTailKnown(p, least - 1)).isFalse();
    assertThat(Distribution.of(new double[least - 1]).tail(p)).isNull();
    assertThat(Distribution.of(new double[least]).tail(p)).isNotNull();
  }

  /** Ranks from published tables of the sign test's interval at 95 %. */
  @ParameterizedTest
  @CsvSource({"5,0", "6,1", "8,1", "9,2", "10,2", "20,6", "25,8", "30,10", "50,18", "100,40"})
  void theIntervalsRankIsTheSignTests(int samples, int rank) {
    assertThat(Distribution.intervalRank(samples)).isEqualTo(rank);
  }

  @Test
  void theIntervalsRankGoesOnSmoothlyWhereTheExactSumEnds() {
    assertThat(Distribution.intervalRank(1001) - Distribution.intervalRank(1000)).isBetween(0, 1);
    assertThat(Distribution.intervalRank(100_000)).isCloseTo(49_690, within(2));
  }

  @Test
  void theIntervalCoversTheMedianOfSkewedAndBimodalNoiseNineteenTimesInTwenty() {
    Random random = new Random(1);
    double skewedMedian = Math.exp(0);
    int covered = 0;
    for (int series = 0; series < 4000; series++) {
      double[] values = new double[30];
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.exp(random.nextGaussian());
      }
      Interval interval = Distribution.of(values).medianInterval();
      if (interval.low() <= skewedMedian && skewedMedian <= interval.high()) {
        covered++;
      }
    }
    assertThat(covered / 4000.0).isGreaterThanOrEqualTo(0.94);
  }

  @Test
  void fewSamplesGiveTheirWholeRange() {
    assertThat(Distribution.of(3, 1, 2).medianInterval()).isEqualTo(new Interval(1, 3));
  }

  @Test
  void refusesEmptyAndInvalidText() {
    assertThatThrownBy(() -> Distribution.of()).hasMessageContaining("no samples");
    assertThatThrownBy(() -> Distribution.of(1, Double.NaN)).hasMessageContaining("NaN");
  }
}
