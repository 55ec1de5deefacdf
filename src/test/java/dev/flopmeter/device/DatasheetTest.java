package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.device.Datasheet.Card;
import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatasheetTest {
  private static final Datasheet SHEET = Datasheet.load();

  /** Names as drivers report them, and the row that each must match. */
  @ParameterizedTest
  @CsvSource({
    "NVIDIA H100 80GB HBM3, H100 SXM5 80GB",
    "NVIDIA H100 PCIe, H100 PCIe 80GB",
    "NVIDIA H100 NVL, 'H100 NVL (per GPU, 94GB)'",
    "NVIDIA H200, H200 SXM",
    "NVIDIA H200 NVL, H200 NVL",
    "NVIDIA GH200 480GB, GH200 96GB HBM3",
    "NVIDIA GH200 144G HBM3e, GH200 144GB HBM3e",
    "NVIDIA H800, H800 SXM",
    "NVIDIA H800 PCIe, H800 PCIe",
    "NVIDIA H20, H20",
    "NVIDIA B200, B200 SXM (HGX 1000 W)",
    "NVIDIA GB200, 'GB200 (per GPU, 1200 W)'",
    "NVIDIA B300 SXM6 AC, B300 SXM",
    "NVIDIA GB300, 'GB300 (per GPU, SXM)'",
    "NVIDIA A100-SXM4-80GB, A100 SXM4 80GB",
    "NVIDIA A100-SXM4-40GB, A100 SXM4 40GB",
    "A100-SXM4-40GB, A100 SXM4 40GB",
    "NVIDIA A100 80GB PCIe, A100 PCIe 80GB",
    "NVIDIA A100-PCIE-40GB, A100 PCIe 40GB",
    "NVIDIA A800-SXM4-80GB, A800 SXM4/PCIe 80GB",
    "NVIDIA A30, A30",
    "NVIDIA A40, A40",
    "NVIDIA A10G, A10G (AWS G5)",
    "NVIDIA A10, A10",
    "NVIDIA A16, A16 (per GPU)",
    "NVIDIA A2, A2",
    "NVIDIA L40S, L40S",
    "NVIDIA L40, L40",
    "NVIDIA L4, L4",
    "NVIDIA RTX 6000 Ada Generation, RTX 6000 Ada Generation",
    "NVIDIA RTX A6000, RTX A6000",
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition, RTX PRO 6000 Blackwell Workstation",
    "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition, RTX PRO 6000 Blackwell Max-Q",
    "NVIDIA RTX PRO 6000 Blackwell Server Edition, RTX PRO 6000 Blackwell Server",
    "NVIDIA GeForce RTX 5090, GeForce RTX 5090",
    "NVIDIA GeForce RTX 4090, GeForce RTX 4090",
    "NVIDIA GeForce RTX 3090 Ti, GeForce RTX 3090 Ti",
    "NVIDIA GeForce RTX 3090, GeForce RTX 3090",
    "NVIDIA GeForce RTX 2080 Ti, GeForce RTX 2080 Ti",
    "Tesla V100-SXM2-16GB, V100 SXM2/SXM3",
    "Tesla V100-SXM3-32GB, V100 SXM2/SXM3",
    "Tesla V100-PCIE-16GB, V100 PCIe",
    "Tesla V100S-PCIE-32GB, V100S PCIe 32GB",
    "Tesla T4, T4",
    "NVIDIA TITAN RTX, TITAN RTX / Quadro RTX 6000 / 8000",
    "Quadro RTX 8000, TITAN RTX / Quadro RTX 6000 / 8000",
    "NVIDIA GB10, DGX Spark GB10",
    "NVIDIA Thor, Jetson AGX Thor T5000",
    "Orin, Jetson AGX Orin 64GB",
    "Xavier, Jetson AGX Xavier"
  })
  void findsTheRowOfADriversName(String name, String card) {
    assertThat(matching(name)).extracting(Card::name).containsExactly(card);
    assertThat(SHEET.find(name)).map(Card::name).hasValue(card);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
        "NVIDIA H100 80GB HBM3 MIG 3g.40gb",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 3080 Laptop GPU",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 4080 SUPER",
        "NVIDIA GeForce GTX 1080 Ti",
        "GRID T4-4Q",
        "NVIDIA Orin Nano",
        "Emulated GPU",
        "Intel Xeon",
        "NVIDIA A1000",
        "NVIDIA T400 4GB",
        "AMD Instinct MI300X",
        ""
      })
  void anUnknownDeviceGetsNoFiguresOfAnotherCard(String name) {
    assertThat(SHEET.find(name)).isEmpty();
  }

  /** The names in the table itself, prefixed with the vendor's name. */
  @Test
  void noNameInTheTableMatchesTwoRows() {
    for (Card card : SHEET.cards()) {
      for (String name : List.of(card.name(), "NVIDIA " + card.name(), "Tesla " + card.name())) {
        assertThat(matching(name)).as(name).hasSizeLessThanOrEqualTo(1);
      }
    }
  }

  private static List<Card> matching(String name) {
    return SHEET.cards().stream().filter(card -> card.match().matcher(name).find()).toList();
  }

  /** Rows of the table: name, capability, SMs and their clock in MHz. */
  static List<List<String>> cardsWithASecondWay() {
    return Csv.rows(Datasheet.class, "gpu-peaks.csv").stream()
        .filter(row -> !row.get(3).isEmpty())
        .toList();
  }

  /** The datasheet's dense fp16 is SMs x clock x rate; finds sparse figures and typing errors. */
  @ParameterizedTest
  @MethodSource("cardsWithASecondWay")
  void multiprocessorsTimesClockTimesRateGiveThePeak(List<String> row) {
    Card card =
        SHEET.cards().stream()
            .filter(one -> one.name().equals(row.get(0)))
            .findFirst()
            .orElseThrow();
    for (String precision : List.of("fp16", "bf16", "tf32")) {
      var rate = TensorRates.flopsPerSmAndClock(card.name(), row.get(2), precision);
      Double peak = card.flopsPerSecond().get(precision);
      if (rate.isPresent() && peak != null) {
        double boostHz = Double.parseDouble(row.get(4)) * 1e6;
        double computed = card.smCount() * boostHz * rate.getAsInt();
        assertThat(computed / peak).as(card.name() + " " + precision).isCloseTo(1, within(0.03));
      }
    }
  }

  @Test
  void halvesGoWithHalves() {
    for (Card card : SHEET.cards()) {
      Map<String, Double> peaks = new TreeMap<>(card.flopsPerSecond());
      assertThat(card.source()).isNotBlank();
      assertThat(card.bytesPerSecond()).isBetween(1e11, 1e13);
      if (peaks.containsKey("bf16")) {
        assertThat(peaks.get("bf16")).isEqualTo(peaks.get("fp16"));
      }
      if (peaks.containsKey("tf32")) {
        assertThat(peaks.get("fp16") / peaks.get("tf32")).isCloseTo(2, within(0.05));
      }
    }
  }

  /** Every figure of the project's reference table, unchanged. */
  @Test
  void agreesWithTheReferenceTable() throws IOException {
    Path reference = Path.of("../shared/reference/gpu-peaks.csv");
    Assumptions.assumeTrue(Files.exists(reference), "no " + reference);
    List<List<String>> rows = Files.readAllLines(reference).stream().map(Csv::split).toList();
    assertThat(SHEET.cards()).hasSize(rows.size() - 1);
    for (int i = 0; i < SHEET.cards().size(); i++) {
      Card card = SHEET.cards().get(i);
      List<String> row = rows.get(i + 1);
      assertThat(card.name()).isEqualTo(row.get(0));
      assertThat(card.bytesPerSecond()).isEqualTo(Double.parseDouble(row.get(10)) * 1e9);
      Double fp16 = card.flopsPerSecond().get("fp16");
      assertThat(fp16 == null ? "" : fp16 / 1e12 + "")
          .isEqualTo(row.get(6).isEmpty() ? "" : Double.parseDouble(row.get(6)) + "");
    }
  }
}
