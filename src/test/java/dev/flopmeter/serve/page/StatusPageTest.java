package dev.flopmeter.serve.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.serve.page.StatusView.Device;
import dev.flopmeter.serve.page.StatusView.Health;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Sample;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.serve.page.StatusView.Workload;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the page says first, and what it must not claim. */
class StatusPageTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Shares DATASHEET = new Shares(0.41, 0.52, 0.44);
  private static final Shares MEASURED = new Shares(null, 0.64, null);

  private static Latest latest(Shares mfu, @Nullable Double change) {
    return new Latest(NOW, true, true, false, 0.01, 100, 1e9, mfu, change, List.of());
  }

  private static Latest invalid(String... reasons) {
    return new Latest(NOW, true, false, false, 0.01, 100, 1e9, DATASHEET, -0.3, List.of(reasons));
  }

  private static Latest emulated() {
    return new Latest(NOW, true, true, true, 0.01, 100, 1e9, DATASHEET, -0.3, List.of());
  }

  private static Series series(String device, Latest latest) {
    return new Series(device, "cudnn", "bf16", 64, latest, List.of());
  }

  private static String page(Health health, Series... series) {
    Workload workload =
        new Workload(
            "vision",
            "resnet50",
            health,
            "waiting",
            problem(health),
            null,
            null,
            Arrays.asList(series));
    List<Device> devices =
        Arrays.stream(series)
            .map(
                one ->
                    new Device(
                        one.device(),
                        "Card",
                        Health.IDLE,
                        "idle",
                        one.latest().isEmulated(),
                        null,
                        null,
                        null,
                        null))
            .toList();
    return StatusPage.render(
        new StatusView("1", NOW, NOW, List.of(), null, List.of(workload), devices, List.of()),
        "nonce");
  }

  private static String problem(Health health) {
    return health == Health.BAD ? "exit code 2: model.onnx: there is no such file" : "";
  }

  private static String page(Latest latest) {
    return page(Health.GOOD, series("cuda:0", latest));
  }

  private static String heading(String page) {
    Matcher heading = Pattern.compile("<h1>(.*?)</h1>").matcher(page);
    assertThat(heading.find()).isTrue();
    return heading.group(1);
  }

  @Test
  void theFirstThingSaidIsTheShareOfThePeakWithItsBasis() {
    assertThat(heading(page(latest(DATASHEET, null))))
        .isEqualTo("cuda:0 reaches 41 % of its datasheet peak");
    assertThat(heading(page(latest(MEASURED, null))))
        .isEqualTo("cuda:0 reaches 64 % of its measured peak");
    assertThat(page(latest(DATASHEET, null)))
        .contains("52 % of the measured peak, 44 % of the clock-adjusted peak");
  }

  @Test
  void ofSeveralSeriesAndDevicesTheBestIsNamed() {
    Series first = series("cuda:0", latest(DATASHEET, null));
    Series lower = series("cuda:0", latest(new Shares(0.2, null, null), null));
    Series second = series("cpu", latest(MEASURED, null));

    assertThat(heading(page(Health.GOOD, lower, first)))
        .isEqualTo("cuda:0 reaches up to 41 % of its datasheet peak");
    assertThat(heading(page(Health.GOOD, first, lower, second)))
        .isEqualTo("2 devices; the best, cpu, reaches 64 % of its measured peak");
  }

  @Test
  void anInvalidResultIsNoAnswerAndSaysWhyOnItsRow() {
    String page = page(invalid("the samples scatter by 31 %", "the warm-up did not settle"));

    assertThat(heading(page)).isEqualTo("No valid result");
    assertThat(page)
        .contains("1 of 1 result not valid")
        .contains("<tr class=\"reasons\">")
        .contains("<li><bdi>the samples scatter by 31 %</bdi></li>")
        .contains("the rows below have the reasons, such as: the samples scatter by 31 %.")
        .contains("No recommendations without a valid and current result.");
  }

  @Test
  void noChangeStandsBesideAnInvalidOrEmulatedResult() {
    assertThat(page(invalid("noise"))).doesNotContain("-30 %", "td class=\"n down\"");
    assertThat(page(emulated())).doesNotContain("-30 %", "td class=\"n down\"");
    assertThat(page(latest(DATASHEET, -0.3)))
        .contains("<td class=\"n down\" data-l=\"Change\">-30 %");
    assertThat(page(latest(DATASHEET, 0.3))).contains("<td class=\"n up\" data-l=\"Change\">+30 %");
    assertThat(page(latest(DATASHEET, 0.02))).contains("<td class=\"n\" data-l=\"Change\">+2.0 %");
  }

  @Test
  void whatChangedStandsAboveTheTables() {
    String page = page(Health.GOOD, series("cuda:0", latest(DATASHEET, 0.3)));
    assertThat(page.substring(page.indexOf("What changed"), page.indexOf("First recommendation")))
        .contains("vision, bf16, batch 64", "+30 %");
    assertThat(page(latest(DATASHEET, 0.01)))
        .contains("1 of 1 series compared: latency within 5 % of");
    assertThat(page(latest(DATASHEET, null))).contains("Nothing to compare yet");
  }

  @Test
  void whereNoRoofIsKnownThePageSaysHowToFindIt() {
    String page = page(latest(Shares.NONE, null));

    assertThat(heading(page)).isEqualTo("Share of the peak unknown: no roof");
    String row = page.substring(page.indexOf("data-l=\"MFU\""));
    assertThat(row).contains("no roof known: run <code>flopmeter roof</code>");
  }

  @Test
  void anEmulatedDeviceIsAnnouncedBeforeEverythingElseAndClaimsNothing() {
    String page = page(emulated());

    assertThat(heading(page)).isEqualTo("Emulated devices: no share of a peak");
    assertThat(page.indexOf("cuda:0 is emulated: work, parameters and bytes are exact"))
        .isPositive()
        .isLessThan(page.indexOf("<h1>"));
    assertThat(page(latest(DATASHEET, null))).doesNotContain("is emulated");
  }

  @Test
  void oldResultsAndThoseThatAreMissingAreNoAnswerEither() {
    Latest old = new Latest(NOW, false, true, false, 0.01, 100, 1e9, DATASHEET, null, List.of());

    assertThat(heading(page(old))).isEqualTo("No current result");
    assertThat(heading(page(Health.IDLE))).isEqualTo("No result yet");
    StatusView empty =
        new StatusView("1", NOW, NOW, List.of(), null, List.of(), List.of(), List.of());
    assertThat(heading(StatusPage.render(empty, "n"))).isEqualTo("No workload is configured");
  }

  @Test
  void failingWorkloadsAreCountedBesideTheAnswer() {
    assertThat(page(Health.BAD, series("cpu", latest(MEASURED, null))))
        .contains("1 of 1 workload failing")
        .contains("Last run: <bdi>exit code 2: model.onnx: there is no such file</bdi>");
    assertThat(page(latest(MEASURED, null))).contains("1 workload, none failing");
  }

  @Test
  void theHistorySaysWhatItShows() {
    Series series =
        new Series(
            "cpu",
            "djl",
            "fp32",
            1,
            latest(MEASURED, null),
            List.of(
                new Sample(NOW.minusSeconds(60), 0.009, true),
                new Sample(NOW.minusSeconds(30), 0.02, false),
                new Sample(NOW, 0.01, true)));

    assertThat(page(Health.GOOD, series))
        .contains("Latency history")
        .contains("3 results, 9 ms to 20 ms, <span class=\"invalid-mark\">1 not valid</span>");
  }

  @Test
  void everyLinkIsRelativeSoThatAProxyMayServeThePageUnderAPath() {
    Matcher links =
        Pattern.compile("(?:href|src|action)=\"(.*?)\"")
            .matcher(StatusPage.render(SampleStatus.view(), "nonce"));
    assertThat(links.results().map(link -> link.group(1)))
        .contains("metrics", "api/v1/workloads", "-/healthy", "report/resnet50-nightly")
        .noneMatch(link -> link.startsWith("/"));
  }
}
