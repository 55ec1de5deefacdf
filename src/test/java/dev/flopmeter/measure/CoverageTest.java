package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.ProfileResult.Interval;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How often the 95 % interval of the median contains the true median, over 10,000 series drawn from
 * measured noise: skewed, with a tail of two hundred times the median.
 */
class CoverageTest {
  private static final int SERIES = 10_000;
  static final double[] NOISE = noise();

  private static double[] noise() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(CoverageTest.class.getResourceAsStream("noise.csv")),
                StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .filter(line -> !line.startsWith("#"))
          .mapToDouble(Double::parseDouble)
          .toArray();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {6, 30, 51, 200})
  void theIntervalHoldsTheTrueMedian(int samples) {
    double truth = Distribution.of(NOISE).median();
    Random random = new Random(20_261_124L + samples);
    int covered = 0;
    for (int i = 0; i < SERIES; i++) {
      double[] series = new double[samples];
      for (int j = 0; j < samples; j++) {
        series[j] = NOISE[random.nextInt(NOISE.length)];
      }
      Interval interval = Distribution.of(series).medianInterval();
      if (interval.low() <= truth && truth <= interval.high()) {
        covered++;
      }
    }
    double share = (double) covered / SERIES;
    System.out.printf("median interval of %d samples: coverage %.4f%n", samples, share);
    assertThat(share).isGreaterThanOrEqualTo(0.93);
  }

  @Test
  void theNoiseIsNoNormalDistribution() {
    Distribution noise = Distribution.of(NOISE);
    assertThat(noise.size()).isGreaterThan(400);
    assertThat(noise.quantile(0.99) - noise.median())
        .isGreaterThan(5 * (noise.median() - noise.min()));
  }
}
