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
    Quantity amount = Quantity.parse(text);
    assertThat(amount.value()).isEqualByComparingTo(new BigDecimal(flops));
    assertThat(amount.isRate()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "4.1 TFLOP/s, 4100000000000",
    "989 TFLOPS, 989000000000000",
    "1e12 FLOP/s, 1000000000000"
  })
  void rates(String text, BigInteger rate) {
    Quantity quantity = Quantity.parse(text);
    assertThat(quantity.value()).isEqualByComparingTo(new BigDecimal(rate));
    assertThat(quantity.isRate()).isTrue();
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
    Quantity thop = Quantity.parse("16534970368");

    assertThat(thop.format(SiPrefix.G)).isEqualTo("16.534970368 GFLOP");
    assertThat(thop.format(SiPrefix.T)).isEqualTo("0.016534970368 TFLOP");
    assertThat(thop.format(SiPrefix.ONE)).isEqualTo("16534970368 FLOP");
    assertThat(Quantity.parse("16534970368T").format(SiPrefix.Z)).isEqualTo("16.534970368 ZFLOP");
    assertThat(Quantity.parse("0").format(SiPrefix.M)).isEqualTo("0 MFLOP");
    assertThat(Quantity.parse("4.1 TFLOPS").format(SiPrefix.P)).isEqualTo("0.0041 PFLOP/s");
  }

  @Test
  void theFittingPrefixIsTheLargestThatLeavesAtLeastOne() {
    assertThat(SiPrefix.fitting(new BigDecimal("999"))).isEqualTo(SiPrefix.ONE);
    assertThat(SiPrefix.fitting(new BigDecimal("1000"))).isEqualTo(SiPrefix.K);
    assertThat(SiPrefix.fitting(new BigDecimal("-1e9"))).isEqualTo(SiPrefix.G);
    assertThat(SiPrefix.fitting(new BigDecimal("1e30"))).isEqualTo(SiPrefix.Z);
  }
}
