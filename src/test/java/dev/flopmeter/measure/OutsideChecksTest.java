package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Reference data sets of NIST (Statistical Reference Datasets, univariate) and the cases of nvbench
 * for its noise criterion. NIST certifies means and deviations, which flopmeter does not compute;
 * here they verify the data, and the mean of a symmetric set is its median.
 */
class OutsideChecksTest {
  /** Michelson's speed of light in air, 1879, in 1000 km/s less 299: NIST's Michelso. */
  private static final double[] MICHELSO =
      Arrays.stream(
              """
              850 740 900 1070 930 850 950 980 980 880 1000 980 930 650 760 810 1000 1000 960 960
              960 940 960 940 880 800 850 880 900 840 830 790 810 880 880 830 800 790 760 800
              880 880 880 860 720 720 620 860 970 950 880 910 850 870 840 840 850 840 840 840
              890 810 810 820 800 770 760 740 750 760 910 920 890 860 880 720 840 850 850 780
              890 840 780 810 760 810 790 810 820 850 870 870 810 740 810 940 950 800 810 870
              """
                  .trim()
                  .split("\\s+"))
          .mapToDouble(Double::parseDouble)
          .map(speed -> 299 + speed / 1000)
          .toArray();

  @Test
  void theSetIsTheOneThatNistCertifies() {
    double mean = DoubleStream.of(MICHELSO).average().orElseThrow();
    double squares = DoubleStream.of(MICHELSO).map(x -> (x - mean) * (x - mean)).sum();
    double products =
        IntStream.range(1, 100)
            .mapToDouble(i -> (MICHELSO[i] - mean) * (MICHELSO[i - 1] - mean))
            .sum();
    assertThat(mean).isCloseTo(299.852400000000, within(1e-12));
    assertThat(Math.sqrt(squares / 99)).isCloseTo(0.0790105478190518, within(1e-12));
    assertThat(products / squares).isCloseTo(0.535199668621283, within(1e-10));
  }

  /** {@code summary(morley$Speed)} in R: 620.0, 807.5, 850.0, 852.4, 892.5, 1070.0. */
  @Test
  void quartilesAreThoseOfTheStatisticiansProgram() {
    Distribution speeds = Distribution.of(MICHELSO);
    assertThat(speeds.size()).isEqualTo(100);
    assertThat(speeds.min()).isEqualTo(299.620);
    assertThat(speeds.q1()).isCloseTo(299.8075, within(1e-12));
    assertThat(speeds.median()).isCloseTo(299.850, within(1e-12));
    assertThat(speeds.q3()).isCloseTo(299.8925, within(1e-12));
    assertThat(speeds.quantile(1)).isCloseTo(300.070, within(1e-12));
  }

  /**
   * NumAcc2 to NumAcc4: the middle value, then values below and above it in turn, 1,001 in total;
   * certified mean is the middle, deviation 0.1, lag-1 autocorrelation -0.999. NumAcc1 has three
   * values.
   */
  @ParameterizedTest
  @CsvSource({"1.2,1.1,1.3", "1000000.2,1000000.1,1000000.3", "10000000.2,10000000.1,10000000.3"})
  void largeValuesLoseNothing(double middle, double below, double above) {
    double[] values =
        IntStream.range(0, 1001).mapToDouble(i -> i % 2 == 1 ? below : above).toArray();
    values[0] = middle;
    Distribution accurate = Distribution.of(values);
    assertThat(accurate.median()).isEqualTo(middle);
    assertThat(accurate.q1()).isEqualTo(below);
    assertThat(accurate.q3()).isEqualTo(above);
    assertThat(accurate.relativeIqr()).isEqualTo((above - below) / middle);
    NoiseTrend trend = new NoiseTrend();
    Arrays.stream(values).forEach(trend::add);
    assertThat(trend.noise()).isEqualTo(accurate.relativeIqr());
  }

  @Test
  void sevenDigitsBeforeTheLastLoseNothing() {
    Distribution first = Distribution.of(10_000_001, 10_000_003, 10_000_002);
    assertThat(first.median()).isEqualTo(10_000_002);
    assertThat(first.relativeIqr()).isEqualTo(1.0 / 10_000_002);
  }

  private static double noise(double... values) {
    NoiseTrend trend = new NoiseTrend();
    Arrays.stream(values).forEach(trend::add);
    return trend.noise();
  }

  /**
   * The first 5,000 digits of pi, by Machin's formula. NIST's PiDigits certifies a mean of 4.5348,
   * so its file differs from pi in places: digits with a sum of 22,679 have 4.5358.
   */
  private static double[] piDigits() {
    BigInteger unit = BigInteger.TEN.pow(5_010);
    BigInteger pi = arctangent(unit, 5).shiftLeft(4).subtract(arctangent(unit, 239).shiftLeft(2));
    return pi.toString().chars().limit(5_000).mapToDouble(digit -> digit - '0').toArray();
  }

  /** Of 1/x, in units: 1/x - 1/(3 x^3) + 1/(5 x^5) ... */
  private static BigInteger arctangent(BigInteger unit, long x) {
    BigInteger power = unit.divide(BigInteger.valueOf(x));
    BigInteger sum = BigInteger.ZERO;
    for (long i = 1; power.signum() != 0; i += 2) {
      BigInteger term = power.divide(BigInteger.valueOf(i));
      sum = i % 4 == 1 ? sum.add(term) : sum.subtract(term);
      power = power.divide(BigInteger.valueOf(x * x));
    }
    return sum;
  }

  /** 5,000 values of which only ten are distinct, so the median is known by counting. */
  @Test
  void tiesChangeNeitherQuartilesNorTheRunningMedian() {
    double[] digits = piDigits();
    assertThat(DoubleStream.of(digits).average().orElseThrow()).isEqualTo(22_679 / 5_000.0);
    long[] upTo = new long[10]; // how many digits are at most 0, 1, ...
    for (double digit : digits) {
      IntStream.range((int) digit, 10).forEach(most -> upTo[most]++);
    }
    SortedSeries series = new SortedSeries();
    DoubleStream.of(digits).forEach(series::add);
    Distribution distribution = Distribution.of(digits);
    assertThat(series.median()).isEqualTo(ofRank(upTo, 2_500)).isEqualTo(ofRank(upTo, 2_501));
    assertThat(distribution.median()).isEqualTo(series.median());
    assertThat(distribution.q1()).isEqualTo(ofRank(upTo, 1_250)).isEqualTo(ofRank(upTo, 1_251));
    assertThat(distribution.q3()).isEqualTo(ofRank(upTo, 3_750)).isEqualTo(ofRank(upTo, 3_751));
  }

  private static double ofRank(long[] upTo, int rank) {
    return IntStream.range(0, 10).filter(digit -> upTo[digit] >= rank).findFirst().orElseThrow();
  }

  /** nvbench, {@code test_const}. */
  @Test
  void aConstantHasNoNoise() {
    assertThat(noise(42, 42, 42, 42, 42)).isZero();
  }

  /**
   * nvbench, {@code test_stdrel}: 100 with a single 101 is quiet at 10 %; 10, 20, ... 300 is not.
   */
  @Test
  void aCriterionOfTenPercentTellsQuietFromNoisy() {
    double[] quiet = IntStream.range(0, 30).mapToDouble(i -> i == 29 ? 101 : 100).toArray();
    double[] noisy = IntStream.rangeClosed(1, 30).mapToDouble(i -> 10 * i).toArray();
    assertThat(noise(quiet)).isLessThan(0.1);
    assertThat(noise(noisy)).isGreaterThan(0.1);
  }

  /** nvbench, {@code test_relative_interquartile_range}: quartiles 2, 4, 6 give 1. */
  @Test
  void noiseIsTheQuartilesDistanceOverTheMedian() {
    assertThat(noise(1, 2, 4, 6, 9)).isEqualTo(1);
  }

  /** nvbench, {@code test_stdrel_needs_enough_samples}. */
  @Test
  void quietSamplesStopNothingBeforeThereAreEnough() {
    FakeTime time = new FakeTime();
    FakePlan plan = FakePlan.of(time, pass -> 0.05);
    Samples samples =
        new Sampler(plan, SamplingRules.DEFAULT, time, SensorWatch.NONE, Progress.SILENT)
            .sample(plan.timePass());
    assertThat(samples.stopReason()).isEqualTo(StopReason.QUIET);
    assertThat(samples.passes()).hasSizeGreaterThanOrEqualTo(SamplingRules.DEFAULT.samples());
  }
}
