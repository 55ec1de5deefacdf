package dev.flopmeter.serve.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.page.SampleStatus.Told;
import dev.flopmeter.serve.page.Snapshot.DeviceState;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The main statements of the page, and statements that it must not make. */
class StatusPageTest {
  private static final Shares DATASHEET = new Shares(0.41, 0.52, 0.44);
  private static final Shares MEASURED = new Shares(null, 0.64, null);

  private static Series series(Told told, boolean isFresh, @Nullable Double change) {
    return SampleStatus.series(
        "vision", Precision.BF16, 64, 0.01, told, isFresh, change, List.of());
  }

  private static Series latest(String device, Shares mfu, @Nullable Double change) {
    return series(new Told(device, "Card", false, mfu, true, List.of(), null), true, change);
  }

  private static Series latest(Shares mfu, @Nullable Double change) {
    return latest("cuda:0", mfu, change);
  }

  private static Series invalid(String... reasons) {
    List<String> warnings = List.of(reasons);
    return series(new Told("cuda:0", "Card", false, DATASHEET, false, warnings, null), true, -0.3);
  }

  private static Series emulated() {
    return series(new Told("cuda:0", "Card", true, DATASHEET, true, List.of(), null), true, -0.3);
  }

  private static String page(Outcome last, Series... series) {
    Workload workload = SampleStatus.workload("vision", "resnet50");
    String detail =
        last == Outcome.FAILED ? "exit code 2: model.onnx: the file does not exist" : "";
    EndedRun run = SampleStatus.run(workload, Duration.ZERO, last, Duration.ZERO, detail);
    return render(
        List.of(workload), Map.of("vision", new WorkloadState(null, null, run, null)), series);
  }

  private static String render(
      List<Workload> workloads, Map<String, WorkloadState> states, Series... series) {
    List<DeviceState> devices =
        Stream.of(series)
            .map(one -> new DeviceState(one.key().device(), false, false))
            .distinct()
            .toList();
    Snapshot snapshot =
        SampleStatus.snapshot(workloads, states, List.of(series), List.of(), devices, List.of());
    return StatusPage.render(snapshot, null, "nonce");
  }

  private static String page(Series latest) {
    return page(Outcome.SUCCESS, latest);
  }

  private static String heading(String page) {
    Matcher heading = Pattern.compile("<h1>(.*?)</h1>").matcher(page);
    assertThat(heading.find()).isTrue();
    return heading.group(1);
  }

  @Test
  void theFirstStatementIsTheShareOfThePeakWithItsBasis() {
    assertThat(heading(page(latest(DATASHEET, null))))
        .isEqualTo("cuda:0 reaches 41 % of its datasheet peak");
    assertThat(heading(page(latest(MEASURED, null))))
        .isEqualTo("cuda:0 reaches 64 % of its measured peak");
    assertThat(page(latest(DATASHEET, null)))
        .contains("52 % of the measured peak, 44 % of the clock-adjusted peak");
  }

  @Test
  void aShareIsShownWithTheShareThatTheRooflineAllows() {
    assertThat(page(latest(DATASHEET, null)))
        .contains("of the datasheet peak of <bdi>cuda:0</bdi>, <bdi>Card</bdi>, of 74 % attainable")
        .contains("<b>41 %</b><span class=\"soft small\">of datasheet peak, of 74 % attainable");
    assertThat(page(latest(new Shares(0.8, null, null), null)))
        .contains("of datasheet peak, above the 74 % attainable");
    assertThat(page(latest(new Shares(null, null, 0.4), null)))
        .contains("of clock-adjusted peak</span>");
  }

  @Test
  void ofSeveralSeriesAndDevicesTheBestIsNamed() {
    Series first = latest(DATASHEET, null);
    Series lower = latest(new Shares(0.2, null, null), null);
    Series second = latest("cpu", MEASURED, null);

    assertThat(heading(page(Outcome.SUCCESS, lower, first)))
        .isEqualTo("cuda:0 reaches up to 41 % of its datasheet peak");
    assertThat(heading(page(Outcome.SUCCESS, first, lower, second)))
        .isEqualTo("2 devices; the best, cpu, reaches 64 % of its measured peak");
  }

  @Test
  void anInvalidResultIsNotAnAnswerAndShowsItsReason() {
    String page = page(invalid("the samples scatter by 31 %", "the warm-up did not settle"));

    assertThat(heading(page)).isEqualTo("No valid result");
    assertThat(page)
        .contains("1 of 1 result not valid")
        .contains("<tr class=\"reasons\">")
        .contains("<li><bdi>the samples scatter by 31 %</bdi></li>")
        .contains("the rows below give the reasons, such as: the samples scatter by 31 %.")
        .contains("No recommendations without a valid and current result.");
  }

  @Test
  void anInvalidOrEmulatedResultShowsNoChange() {
    assertThat(page(invalid("noise"))).doesNotContain("-30 %", "td class=\"n down\"");
    assertThat(page(emulated())).doesNotContain("-30 %", "td class=\"n down\"");
    assertThat(page(latest(DATASHEET, -0.3)))
        .contains("<td class=\"n down\" data-l=\"Change\">-30 %");
    assertThat(page(latest(DATASHEET, 0.3))).contains("<td class=\"n up\" data-l=\"Change\">+30 %");
    assertThat(page(latest(DATASHEET, 0.02))).contains("<td class=\"n\" data-l=\"Change\">+2.0 %");
  }

  @Test
  void changesAreListedAboveTheTables() {
    String page = page(Outcome.SUCCESS, latest(DATASHEET, 0.3));
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

    assertThat(heading(page)).isEqualTo("Emulated devices: no valid share of a peak");
    assertThat(page.indexOf("cuda:0 is emulated: work, parameters and bytes are exact"))
        .isPositive()
        .isLessThan(page.indexOf("<h1>"));
    assertThat(page(latest(DATASHEET, null))).doesNotContain("is emulated");
  }

  @Test
  void emptyCellsAndPunctuationHaveNoSpaceBefore() {
    String page = page(latest(DATASHEET, null));
    assertThat(page)
        .contains(">2026-01-02T12:00:00Z</time>,")
        .contains("<td class=\"n history\" data-l=\"Latency history\"></td>");
  }

  @Test
  void oldResultsAndThoseThatAreMissingAreNoAnswerEither() {
    Told told = new Told("cuda:0", "Card", false, DATASHEET, true, List.of(), null);
    Series old = series(told, false, null);

    assertThat(heading(page(old))).isEqualTo("No current result");
    assertThat(heading(render(List.of(SampleStatus.workload("vision", "resnet50")), Map.of())))
        .isEqualTo("No result yet");
    assertThat(heading(render(List.of(), Map.of()))).isEqualTo("No workload is configured");
  }

  @Test
  void failingWorkloadsAreCountedBesideTheAnswer() {
    assertThat(page(Outcome.FAILED, latest("cpu", MEASURED, null)))
        .contains("1 of 1 workload failing")
        .contains("Last run: <bdi>exit code 2: model.onnx: the file does not exist</bdi>");
    assertThat(page(latest(MEASURED, null))).contains("1 workload, none failing");
  }

  @Test
  void theHistorySaysWhatItShows() {
    Told told = new Told("cpu", "Card", false, MEASURED, true, List.of(), null);
    Series series =
        SampleStatus.series(
            "vision", Precision.FP32, 1, 0.01, told, true, null, List.of(0.009, -0.02, 0.01));

    assertThat(page(Outcome.SUCCESS, series))
        .contains("Latency history")
        .contains("3 results, 9 ms to 20 ms, <span class=\"invalid-mark\">1 not valid</span>");
  }

  @Test
  void everyLinkIsRelativeSoThatAProxyMayServeThePageUnderAPath() {
    Matcher links =
        Pattern.compile("(?:href|src|action)=\"(.*?)\"")
            .matcher(StatusPage.render(SampleStatus.view(), null, "nonce"));
    assertThat(links.results().map(link -> link.group(1)))
        .contains("metrics", "api/v1/workloads", "-/healthy", "report/resnet50-nightly")
        .noneMatch(link -> link.startsWith("/"));
  }
}
