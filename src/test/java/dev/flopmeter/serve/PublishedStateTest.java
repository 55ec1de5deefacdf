package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.SampleResult;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.metrics.DaemonMetrics;
import dev.flopmeter.serve.metrics.Format;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.ResultLine;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The runs whose results become metrics, if runs and configuration changes overlap. */
class PublishedStateTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

  @TempDir private Path folder;

  private final Clocks clocks = new Clocks(() -> NOW, () -> 5);

  private ServeConfig config(String workloads) throws Exception {
    Path file = folder.resolve("f.yaml");
    Files.writeString(file, "workloads: {" + workloads + "}\nhistory: {folder: kept}\n");
    return new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty()).read(file);
  }

  private static List<Target> targets(ServeConfig config) {
    return TargetPlan.of(config, List.of());
  }

  private RunReport success(Target target) {
    return success(target, 1);
  }

  private RunReport success(Target target, long batch) {
    Result result =
        new Result(
            new SeriesKey(target.workload().name(), "m", target.device(), "djl", "fp32", batch),
            SampleResult.of(NOW, 0.002, true, List.of()));
    return new RunReport(
        Outcome.SUCCESS, Duration.ofSeconds(1), List.of(new ResultLine(result, "{}")), "");
  }

  private static String scrape(DaemonMetrics metrics) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    metrics.exposition().scrape(Format.TEXT, false).forEach(out::writeBytes);
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aRunThatOutlivesItsWorkloadIsKeptButBringsNoSeriesBack() throws Exception {
    ServeConfig before = config("a: {model: m, device: 'cuda:0'}");
    ServeConfig after = config("b: {model: m, device: cpu}");
    Target old = targets(before).get(0);
    try (History history = History.open(before.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(before, "1", clocks.wall())) {
      PublishedState state = new PublishedState(before, metrics, history, clocks);
      state.configured(before, targets(before));
      metrics.configured(before, NOW);
      state.completed(old, success(old), 0, false);
      assertThat(scrape(metrics)).contains("workload=\"a\"").contains("device=\"cuda:0\"");

      state.configured(after, targets(after));
      metrics.configured(after, NOW);
      metrics.deviceUnused("cuda:0");
      state.completed(old, success(old), 3, true);

      assertThat(scrape(metrics)).doesNotContain("workload=\"a\"").doesNotContain("cuda:0");
      assertThat(state.lastSuccess("a")).isNull();
      assertThat(state.runs()).hasSize(2);
      assertThat(history.state().results()).isEqualTo(2);
    }
  }

  @Test
  void theLastRunOfAWorkloadIsKnownHoweverManyOthersRanSince() throws Exception {
    ServeConfig config = config("a: {model: m, device: cpu}, b: {model: m, device: cpu}");
    Target a = targets(config).get(0);
    Target b = targets(config).get(1);
    try (History history = History.open(config.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(config, "1", clocks.wall())) {
      PublishedState state = new PublishedState(config, metrics, history, clocks);
      state.configured(config, targets(config));
      metrics.configured(config, NOW);
      assertThat(state.lastRun("a")).isNull();

      RunReport refused =
          new RunReport(Outcome.FAILED, Duration.ofSeconds(1), List.of(), "no such model");
      state.completed(a, refused, 1, false);
      for (int i = 0; i < 60; i++) {
        state.completed(b, success(b), 0, false);
      }
      assertThat(state.runs()).noneMatch(run -> run.target().equals(a));
      assertThat(state.lastRun("a"))
          .isEqualTo(new EndedRun(NOW, a, Outcome.FAILED, Duration.ofSeconds(1), "no such model"));

      ServeConfig after = config("b: {model: m, device: cpu}");
      state.configured(after, targets(after));
      state.completed(a, refused, 2, false);
      assertThat(state.lastRun("a")).isNull();
    }
  }

  @Test
  void anImportedResultIsAsOldAsItsArrivalAlsoAfterARestart() throws Exception {
    ServeConfig config = config("a: {model: m, imported: true, interval: 1h}");
    Result lastYear =
        new Result(
            new SeriesKey("a", "m", "cpu", "djl", "fp32", 1),
            SampleResult.of(NOW.minus(Duration.ofDays(365)), 0.002, true, List.of()));
    ResultLine line = new ResultLine(lastYear, ProfileJson.writeLine(lastYear.profile()));
    try (History history = History.open(config.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(config, "1", clocks.wall())) {
      PublishedState state = new PublishedState(config, metrics, history, clocks);
      state.configured(config, targets(config));
      state.imported(line);
      assertThat(state.lastSuccess("a")).isEqualTo(NOW);
    }
    for (Duration later : List.of(Duration.ofHours(2), Duration.ofHours(5))) {
      Clocks then = new Clocks(() -> NOW.plus(later), () -> 5);
      try (History history = History.open(config.history(), then);
          DaemonMetrics metrics = new DaemonMetrics(config, "1", clocks.wall())) {
        PublishedState state = new PublishedState(config, metrics, history, then);
        state.configured(config, targets(config));
        metrics.configured(config, NOW);
        state.restore();
        metrics.publish();
        assertThat(state.lastSuccess("a")).isEqualTo(NOW);
        String shown = scrape(metrics);
        assertThat(shown.contains("flopmeter_model_macs{")).isEqualTo(later.toHours() == 2);
        assertThat(shown)
            .contains("flopmeter_last_success_timestamp_seconds{workload=\"a\"} 1.7802")
            .doesNotContain("flopmeter_workload_interval_seconds{");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", batch: [1, 4, 8]", ", input: 'x=2x16'"})
  void theBatchThatRanIsPublishedWhicheverIsConfigured(String batch) throws Exception {
    ServeConfig config = config("a: {model: fixed, device: cpu" + batch + "}");
    Target target = targets(config).get(0);
    try (History history = History.open(config.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(config, "1", clocks.wall())) {
      PublishedState state = new PublishedState(config, metrics, history, clocks);
      state.configured(config, targets(config));
      metrics.configured(config, NOW);
      state.completed(target, success(target, 2), 0, false);

      state.configured(config, targets(config));
      assertThat(state.expire()).isFalse();
      metrics.publish();
      assertThat(scrape(metrics)).containsPattern("flopmeter_model_macs\\{.*batch=\"2\"");
      assertThat(state.series()).singleElement().matches(Series::isFresh);
    }
  }

  @Test
  void aBatchThatIsNoLongerConfiguredIsWithdrawn() throws Exception {
    ServeConfig before = config("a: {model: m, device: cpu, batch: [1, 2]}");
    ServeConfig after = config("a: {model: m, device: cpu, batch: [1]}");
    Target target = targets(before).get(0);
    try (History history = History.open(before.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(before, "1", clocks.wall())) {
      PublishedState state = new PublishedState(before, metrics, history, clocks);
      state.configured(before, targets(before));
      metrics.configured(before, NOW);
      state.completed(target, success(target, 2), 0, false);
      state.configured(after, targets(after));
      metrics.publish();
      assertThat(scrape(metrics)).doesNotContain("flopmeter_model_macs{");
    }
  }

  @Test
  void failuresInARowAreShownUntilASuccess() throws Exception {
    ServeConfig config = config("a: {model: m, device: cpu}");
    Target target = targets(config).get(0);
    String failures =
        "flopmeter_workload_consecutive_failures{device=\"cpu\",precision=\"fp32\",workload=\"a\"}"
            + " ";
    try (History history = History.open(config.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(config, "1", clocks.wall())) {
      PublishedState state = new PublishedState(config, metrics, history, clocks);
      state.configured(config, targets(config));
      metrics.configured(config, NOW);
      metrics.publish();
      assertThat(scrape(metrics))
          .contains(failures + "0.0")
          .contains("flopmeter_workload_configured_timestamp_seconds{workload=\"a\"} 1.7802")
          .doesNotContain("flopmeter_last_success_timestamp_seconds{");
      RunReport refused = new RunReport(Outcome.FAILED, Duration.ofSeconds(1), List.of(), "no");
      state.completed(target, refused, 1, false);
      state.completed(target, refused, 2, false);
      assertThat(scrape(metrics)).contains(failures + "2.0");
      state.completed(target, success(target), 0, false);
      assertThat(scrape(metrics)).contains(failures + "0.0");
      ServeConfig after = config("b: {model: m, device: cpu}");
      state.configured(after, targets(after));
      metrics.configured(after, NOW);
      metrics.publish();
      assertThat(scrape(metrics)).doesNotContain("workload=\"a\"");
    }
  }
}
