package dev.flopmeter.units;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FiguresTest {

  @Test
  void bothEndsOfARangeHaveOneUnitAndTheSameDecimals() {
    assertThat(Figures.seconds(0.0012, 0.00131, 3)).isEqualTo("1.20 ms to 1.31 ms");
    assertThat(Figures.seconds(0.001184, 0.00121, 5)).isEqualTo("1.184 ms to 1.210 ms");
    assertThat(Figures.seconds(0.000998, 0.00102, 3)).isEqualTo("0.998 ms to 1.020 ms");
    assertThat(Figures.seconds(999.6e-6, 999.7e-6, 3)).isEqualTo("1 ms to 1 ms");
    assertThat(Figures.seconds(0.009, 0.02, 3)).isEqualTo("9 ms to 20 ms");
    assertThat(Figures.seconds(123, 4567, 3)).isEqualTo("123 s to 4567 s");
    assertThat(Figures.seconds(2e-6, 1.5, 3)).isEqualTo("2 µs to 1.5 s");
    assertThat(Figures.seconds(0, 1e-3, 3)).isEqualTo("0 s to 1 ms");
  }

  @Test
  void amountsHaveThreeDigitsAndAPrefix() {
    assertThat(Figures.si(0)).isEqualTo("0");
    assertThat(Figures.si(999)).isEqualTo("999");
    assertThat(Figures.si(1000)).isEqualTo("1 K");
    assertThat(Figures.si(8_178_368_512L, "FLOP")).isEqualTo("8.18 GFLOP");
    assertThat(Figures.si(999_999, "B")).isEqualTo("1 MB");
    assertThat(Figures.si(12, "B")).isEqualTo("12 B");
    assertThat(Figures.si(9.89e14, "FLOP/s")).isEqualTo("989 TFLOP/s");
    assertThat(Figures.si(-2500)).isEqualTo("-2.5 K");
  }

  @Test
  void amountsOfBothSignsAreRoundedAlike() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      long amount = random.nextLong() >>> (1 + random.nextInt(62));
      long near = (long) Math.pow(10, random.nextInt(19)) - 1 + random.nextInt(3);
      for (long each : new long[] {amount, near, Long.MAX_VALUE - i}) {
        if (each > 0) {
          assertThat("-" + Figures.si(each)).isEqualTo(Figures.si(-each));
        }
      }
    }
  }

  @Test
  void timesChooseTheirUnit() {
    assertThat(Figures.seconds(0)).isEqualTo("0 s");
    assertThat(Figures.seconds(1.5)).isEqualTo("1.5 s");
    assertThat(Figures.seconds(0.0123456)).isEqualTo("12.3 ms");
    assertThat(Figures.seconds(0.000512)).isEqualTo("512 µs");
    assertThat(Figures.seconds(0.00099999)).isEqualTo("1 ms");
    assertThat(Figures.seconds(3.2e-8)).isEqualTo("32 ns");
  }

  @Test
  void sharesAreWholePercentFromTenOn() {
    assertThat(Figures.percent(0.413)).isEqualTo("41 %");
    assertThat(Figures.percent(0.0413)).isEqualTo("4.1 %");
    assertThat(Figures.percent(0.0996)).isEqualTo("10 %");
    assertThat(Figures.percent(0)).isEqualTo("0.0 %");
    assertThat(Figures.percent(0.0005)).isEqualTo("0.1 %");
    assertThat(Figures.percent(0.00021)).isEqualTo("0.02 %");
    assertThat(Figures.percent(-0.00021)).isEqualTo("-0.02 %");
    assertThat(Figures.percent(1e-9)).isEqualTo("<0.001 %");
    assertThat(Figures.percent(1.234)).isEqualTo("123 %");
  }

  @Test
  void countsAreGrouped() {
    assertThat(Figures.exact(0)).isEqualTo("0");
    assertThat(Figures.exact(999)).isEqualTo("999");
    assertThat(Figures.exact(4_089_184_256L)).isEqualTo("4,089,184,256");
    assertThat(Figures.exact(-1234)).isEqualTo("-1,234");
  }

  @Test
  void everyLocaleReadsTheSame() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      assertThat(Figures.si(1234.5)).isEqualTo("1.23 K");
      assertThat(Figures.percent(0.055)).isEqualTo("5.5 %");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void invalidFiguresAreRejected() {
    assertThatThrownBy(() -> Figures.si(Double.NaN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NaN");
  }
}
