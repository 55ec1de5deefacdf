package dev.flopmeter.report.finding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.report.html.HtmlReport;
import dev.flopmeter.report.text.ProfileTable;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.result.ProfileResult.Throughput;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The batch beyond which larger ones gain little. */
class KneeTest {
  private static final ProfileResult BASE = SampleProfiles.resnet50();

  private static ProfileResult at(String precision, long batch, double rate, boolean valid) {
    Run was = BASE.run();
    Run run =
        new Run(
            was.backend(),
            Precision.valueOf(precision.toUpperCase(Locale.ROOT)),
            was.layout(),
            batch,
            was.fused(),
            was.samples(),
            was.droppedSamples(),
            was.warmupRuns(),
            was.stopReason(),
            was.startedAt(),
            was.rawSeconds());
    return new ProfileResult(
        BASE.model(),
        BASE.device(),
        run,
        BASE.environment(),
        BASE.cost(),
        BASE.latency(),
        new Throughput(rate, BASE.throughput().achievedFlopsPerSecond()),
        BASE.efficiency(),
        BASE.layers(),
        BASE.layerSumRatio(),
        BASE.memory(),
        BASE.firstRunSeconds(),
        BASE.launch(),
        BASE.numericCheck(),
        BASE.assignment(),
        BASE.roofs(),
        BASE.sensors(),
        valid,
        BASE.warnings());
  }

  /** Batches 1, 2, 4, ... at these rates. */
  private static List<ProfileResult> sweep(String precision, double... rates) {
    List<ProfileResult> results = new ArrayList<>();
    for (int i = 0; i < rates.length; i++) {
      results.add(at(precision, 1L << i, rates[i], true));
    }
    return results;
  }

  private static List<Long> knees(List<ProfileResult> results) {
    Knee knee = new Knee(results);
    return results.stream().filter(knee::isAt).map(result -> result.run().batch()).toList();
  }

  @Test
  void isTheSmallestBatchWithNineTenthsOfTheBest() {
    assertThat(knees(sweep("fp16", 100, 190, 340, 900, 960, 1000))).containsExactly(8L);
    assertThat(knees(sweep("fp16", 100, 190, 340, 899, 960, 1000))).containsExactly(16L);
  }

  @Test
  void isNotReachedWhileTheThroughputStillRises() {
    assertThat(knees(sweep("fp16", 100, 200, 400, 800))).isEmpty();
  }

  @Test
  void needsThreeBatches() {
    assertThat(knees(sweep("fp16", 100, 101))).isEmpty();
    assertThat(knees(sweep("fp16", 100, 101, 102))).containsExactly(1L);
  }

  @Test
  void leavesOutInvalidResults() {
    List<ProfileResult> results = new ArrayList<>(sweep("fp16", 100, 200, 300, 310));
    results.add(at("fp16", 16, 9000, false));
    assertThat(knees(results)).containsExactly(4L);
  }

  @Test
  void isOfEachPrecisionItsOwn() {
    List<ProfileResult> results = new ArrayList<>(sweep("fp32", 100, 101, 102));
    results.addAll(sweep("fp16", 100, 200, 300, 310));
    assertThat(knees(results)).containsExactly(1L, 4L);
  }

  @Test
  void isMarkedInEveryTable() {
    List<ProfileResult> results = sweep("fp16", 100, 200, 300, 310);
    assertThat(ProfileTable.render(results, TerminalStyle.PLAIN))
        .containsPattern("fp16 +4 .* knee\n")
        .contains(Knee.EXPLANATION);
    assertThat(ProfileTable.markdown(results)).contains("4 (knee)").contains(Knee.EXPLANATION);
    assertThat(HtmlReport.page(results, null)).contains("4 (knee)").contains(Knee.EXPLANATION);
  }
}
