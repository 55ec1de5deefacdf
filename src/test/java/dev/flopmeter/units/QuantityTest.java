package dev.flopmeter.units;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {

  @ParameterizedTest
  @CsvSource({
    "16.5G,           16500000000",
    "16.5 GFLOPs,     16500000000",
    "16.534970368G,   16534970368",
    "1e12,            1000000000000",
    "1E12,            1000000000000",
    "2E,              2000000000000000000",
    "1.5e3 KFLOP,     1500000",
    "3Z,              3000000000000000000000",
    "42,              42",
    "4.089184256 GMACs, 8178368512",
    "1k,              1000"
  })
  void amounts(String text, BigInteger flops) {
    assertThat(Flops.parse(text).exact()).isEqualTo(flops);
  }

  @ParameterizedTest
  @CsvSource({
    "4.1 TFLOP/s, 4100000000000",
    "989 TFLOPS, 989000000000000",
    "1e12 FLOP/s, 1000000000000"
  })
  void rates(String text, BigInteger rate) {
    assertThat(FlopRate.parse(text).value().toBigIntegerExact()).isEqualTo(rate);
  }

  @Test
  void anAmountIsNoRate() {
    assertThatThrownBy(() -> Flops.parse("4.1 TFLOP/s"))
        .hasMessage("'4.1 TFLOP/s' is a rate (FLOP/s), not an amount (FLOPs)");
    assertThatThrownBy(() -> FlopRate.parse("16.5G"))
        .hasMessage("'16.5G' is an amount (FLOPs), not a rate (FLOP/s)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "G",
        "16.5X",
        "16,5G",
        "1e",
        "--1",
        "-3G",
        "1e999999999",
        "3 GB",
        "1 1",
        "NaN"
      })
  void everythingElseIsRefused(String text) {
    assertThatThrownBy(() -> Quantity.parse(text))
        .isInstanceOf(QuantityException.class)
        .message()
        .startsWith("'" + text + "' is ")
        .doesNotContain("\n");
  }

  @Test
  void allDigitsAreKept() {
    Flops thop = Flops.of(16_534_970_368L);

    assertThat(thop.format()).isEqualTo("16.534970368 GFLOP");
    assertThat(thop.format(SiPrefix.T)).isEqualTo("0.016534970368 TFLOP");
    assertThat(thop.format(SiPrefix.ONE)).isEqualTo("16534970368 FLOP");
    assertThat(thop.times(1_000_000_000_000L).format(SiPrefix.Z)).isEqualTo("16.534970368 ZFLOP");
  }

  @Test
  void aRateIsAnAmountByATime() {
    Flops work = Flops.ofMacs(4_089_184_256L);

    FlopRate rate = work.per(new BigDecimal("0.001"));

    assertThat(rate.format()).isEqualTo("8.178368512 TFLOP/s");
    assertThat(rate.during(new BigDecimal("0.001"))).isEqualTo(work);
    assertThat(rate.shareOf(FlopRate.parse("16.356737024 TFLOP/s")))
        .isEqualByComparingTo(new BigDecimal("0.5"));
  }
}
