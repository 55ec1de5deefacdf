package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class DurationsTest {
  @Test
  void aBucketsMiddleIsWithin3Point2PercentOfItsDurations() {
    Random random = new Random(5);
    for (int i = 0; i < 100_000; i++) {
      long nanos = random.nextLong() >>> (1 + random.nextInt(58));
      double middle = Durations.middle(Durations.bucket(nanos));
      assertThat(middle).isEqualTo(nanos * 1e-9, within(1e-9 + nanos * 1e-9 * 0.032));
    }
  }

  @Test
  void bucketsAreInOrderAndCoverAll() {
    assertThat(Durations.bucket(0)).isZero();
    assertThat(Durations.bucket(Long.MAX_VALUE)).isEqualTo(Durations.BUCKETS - 1);
    int last = 0;
    for (long nanos = 1; nanos > 0 && nanos < Long.MAX_VALUE / 2; nanos += 1 + nanos / 50) {
      assertThat(Durations.bucket(nanos)).isBetween(last, last + 1);
      last = Durations.bucket(nanos);
    }
  }
}
