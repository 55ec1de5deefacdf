package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class DurationBucketsTest {
  @Test
  void aBucketsMiddleIsWithin3Point2PercentOfItsDurations() {
    Random random = new Random(5);
    for (int i = 0; i < 100_000; i++) {
      long nanos = random.nextLong() >>> (1 + random.nextInt(58));
      double middle = DurationBuckets.middle(DurationBuckets.bucket(nanos));
      assertThat(middle).isEqualTo(nanos * 1e-9, within(1e-9 + nanos * 1e-9 * 0.032));
    }
  }

  @Test
  void bucketsAreInOrderAndCoverAll() {
    assertThat(DurationBuckets.bucket(0)).isZero();
    assertThat(DurationBuckets.bucket(Long.MAX_VALUE)).isEqualTo(DurationBuckets.BUCKETS - 1);
    int last = 0;
    for (long nanos = 1; nanos > 0 && nanos < Long.MAX_VALUE / 2; nanos += 1 + nanos / 50) {
      assertThat(DurationBuckets.bucket(nanos)).isBetween(last, last + 1);
      last = DurationBuckets.bucket(nanos);
    }
  }
}
