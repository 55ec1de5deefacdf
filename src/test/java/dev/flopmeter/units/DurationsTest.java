package dev.flopmeter.units;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spans of time and sizes, read and written. */
class DurationsTest {

  @ParameterizedTest
  @CsvSource({
    "250ms, PT0.25S",
    "15s, PT15S",
    "1.5h, PT1H30M",
    "30 d, P30D",
    "0s, PT0S",
    "999999999999999d, PT9223372036.854775807S" // as long as a long of nanoseconds can say
  })
  void spans(String text, Duration span) {
    assertThat(Durations.parse(text)).isEqualTo(span);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "15", "s", "15 sec", "-1s", "1,5h", "1e3s", "1 MiB"})
  void everythingElseIsRefused(String text) {
    assertThatThrownBy(() -> Durations.parse(text)).isInstanceOf(QuantityException.class);
  }

  @Test
  void aSpanIsWrittenAsItCanBeRead() {
    for (String text : new String[] {"250ms", "90s", "2h", "30d"}) {
      assertThat(Durations.text(Durations.parse(text))).isEqualTo(text);
    }
    assertThat(Durations.text(Durations.parse("120s"))).isEqualTo("2m");
  }

  @ParameterizedTest
  @CsvSource({
    "119, 119 s",
    "120, 2 min",
    "7199, 119 min",
    "7200, 2 h",
    "172800, 2 days",
    "-5, 0 s"
  })
  void aCoarseSpanHasOneUnit(long seconds, String text) {
    assertThat(Durations.coarse(Duration.ofSeconds(seconds))).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"512MiB, 536870912", "10MB, 10000000", "1.5 KiB, 1536", "0B, 0"})
  void sizes(String text, long bytes) {
    assertThat(Sizes.parse(text)).isEqualTo(bytes);
  }

  @Test
  void aSizeNeedsOneOfItsUnits() {
    assertThatThrownBy(() -> Sizes.parse("10M")).isInstanceOf(QuantityException.class);
  }
}
