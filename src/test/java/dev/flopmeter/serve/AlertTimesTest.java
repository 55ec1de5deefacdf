package dev.flopmeter.serve;

import dev.flopmeter.grafana.Promtool;
import dev.flopmeter.result.SampleResult;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.metrics.DaemonMetrics;
import dev.flopmeter.serve.metrics.Format;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.ResultLine;
import dev.flopmeter.serve.schedule.Scheduler;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Alerts at the times at which the daemon runs its workloads: a simulated day of its scheduler with
 * the default intervals, back-off and quarantine provides the series, and promtool reports which
 * alerts fire.
 */
class AlertTimesTest {
  private static final int DAY = 24 * 60;

  @TempDir private Path folder;

  private final List<String> checks = new ArrayList<>();

  /** The outcome of a run that starts at a given minute. */
  private interface Worker extends IntFunction<RunReport> {}

  private static RunReport failed(Outcome outcome) {
    return new RunReport(outcome, Duration.ofSeconds(1), List.of(), "as told");
  }

  private static RunReport measured(double seconds, boolean isValid) {
    Result result = Result.of("w", SampleResult.of(Instant.EPOCH, seconds, isValid, List.of()));
    return new RunReport(
        Outcome.SUCCESS, Duration.ofSeconds(1), List.of(new ResultLine(result, "{}")), "");
  }

  private void expect(String alert, int minute, boolean isFiring) {
    String expression =
        "count(ALERTS{alertname='" + alert + "', alertstate='firing'}) or vector(0)";
    checks.add(
        "      - expr: \""
            + expression
            + "\"\n        eval_time: "
            + minute
            + "m\n        exp_samples: [{labels: '{}', value: "
            + (isFiring ? 1 : 0)
            + "}]\n");
  }

  /**
   * Runs the daemon's parts through a day, scrapes each minute, and passes the scrapes to promtool.
   */
  private void simulate(Worker worker) throws Exception {
    Path file = folder.resolve("f.yaml");
    Files.writeString(file, "workloads: {w: {model: m, device: cpu}}\nhistory: {folder: none}\n");
    ServeConfig config =
        new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty()).read(file);
    int[] minute = {0};
    Clocks clocks =
        new Clocks(
            () -> Instant.EPOCH.plusSeconds(60L * minute[0]),
            () -> Duration.ofMinutes(minute[0]).toNanos());
    Map<String, List<String>> series = new LinkedHashMap<>();
    try (History history = History.open(config.history(), clocks);
        DaemonMetrics metrics = new DaemonMetrics(config, "1", clocks.wall())) {
      PublishedState state = new PublishedState(config, metrics, history, clocks);
      List<Target> targets = TargetPlan.of(config, List.of());
      state.configured(config, targets);
      metrics.configured(config, clocks.wall().instant());
      Scheduler scheduler = new Scheduler(config.worker(), new Random(1));
      scheduler.replace(targets, config.worker(), 0);
      for (; minute[0] <= DAY; minute[0]++) {
        long now = clocks.nanos().getAsLong();
        Optional<Target> due = scheduler.next("cpu", now);
        if (due.isPresent()) {
          RunReport report = worker.apply(minute[0]);
          scheduler.completed(due.get(), report.outcome(), now, now);
          state.completed(
              due.get(),
              report,
              scheduler.failures(due.get().id()),
              scheduler.isQuarantined("cpu"));
        }
        state.expire();
        metrics.publish();
        scrape(metrics, series, minute[0]);
      }
    }
    Promtool.accepts(
        "test", "rules", Files.writeString(folder.resolve("t.yml"), yaml(series)).toString());
  }

  private static void scrape(DaemonMetrics metrics, Map<String, List<String>> series, int minute)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    metrics.exposition().scrape(Format.TEXT, false).forEach(out::writeBytes);
    out.toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith("flopmeter_"))
        .forEach(
            line -> {
              int space = line.lastIndexOf(' ');
              List<String> values =
                  series.computeIfAbsent(line.substring(0, space), name -> new ArrayList<>());
              while (values.size() < minute) {
                values.add("_");
              }
              values.add(line.substring(space + 1));
            });
  }

  private String yaml(Map<String, List<String>> series) {
    StringBuilder yaml = new StringBuilder("rule_files: [");
    for (String name : List.of("flopmeter-recording.yml", "flopmeter-alerts.yml")) {
      yaml.append(Path.of("config/prometheus", name).toAbsolutePath()).append(", ");
    }
    yaml.append("]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n");
    series.forEach(
        (name, values) -> {
          String labelled =
              name.contains("{")
                  ? name.replace("{", "{instance=\"a\",job=\"flopmeter\",")
                  : name + "{instance=\"a\",job=\"flopmeter\"}";
          yaml.append("      - series: '").append(labelled).append("'\n        values: '");
          yaml.append(String.join(" ", values)).append("'\n");
        });
    return yaml.append("    promql_expr_test:\n").append(String.join("", checks)).toString();
  }

  @Test
  void aWorkloadThatAlwaysFailsAlertsFromItsFirstFailureToTheEndOfTheDay() throws Exception {
    expect("FlopmeterNeverSucceeded", 10, false);
    expect("FlopmeterNeverSucceeded", 16, true);
    expect("FlopmeterNeverSucceeded", 5 * 60, true);
    expect("FlopmeterNeverSucceeded", DAY, true);
    expect("FlopmeterRunsFailing", DAY, false);
    simulate(minute -> failed(Outcome.FAILED));
  }

  @Test
  void aWorkloadThatStartsToFailAlertsAfterThreeFailuresUntilItSucceedsAgain() throws Exception {
    int breaks = 2 * 60;
    int mended = 12 * 60;
    expect("FlopmeterRunsFailing", breaks, false);
    // The first failure follows within 11 minutes, the next ones after 10 and 20, and 10 % jitter.
    expect("FlopmeterRunsFailing", breaks + 50, true);
    expect("FlopmeterRunsFailing", mended, true);
    expect("FlopmeterResultStale", breaks + 80, true);
    expect("FlopmeterResultStale", mended, true);
    expect("FlopmeterNeverSucceeded", mended, false);
    // The longest back-off is an hour.
    expect("FlopmeterRunsFailing", mended + 70, false);
    expect("FlopmeterResultStale", mended + 70, false);
    simulate(
        minute ->
            minute >= breaks && minute < mended ? failed(Outcome.FAILED) : measured(0.002, true));
  }

  @Test
  void aWorkloadThatIsAlwaysSkippedAlertsAfterThreeIntervalsAndAnHour() throws Exception {
    expect("FlopmeterNeverSucceeded", 90, false);
    expect("FlopmeterNeverSucceeded", 2 * 60, true);
    simulate(minute -> failed(Outcome.SKIPPED_BUSY));
  }

  @Test
  void aDeviceThatFailsIsAlertedFromItsQuarantineUntilARetrySucceeds() throws Exception {
    int breaks = 60;
    int mended = 12 * 60;
    expect("FlopmeterDeviceQuarantined", breaks + 60, false);
    // The fifth failure comes after 10, 20, 40 and 60 minutes.
    expect("FlopmeterDeviceQuarantined", breaks + 160, true);
    expect("FlopmeterDeviceQuarantined", mended, true);
    expect("FlopmeterDeviceQuarantined", mended + 70, false);
    simulate(
        minute ->
            minute >= breaks && minute < mended
                ? failed(Outcome.DEVICE_FAILED)
                : measured(0.002, true));
  }

  @Test
  void aSlowdownAlertsWithinAnHourAndEndsWhenItHasBecomeTheBaseline() throws Exception {
    int slower = 6 * 60;
    expect("FlopmeterLatencyRegression", slower, false);
    expect("FlopmeterLatencyRegression", slower + 65, true);
    expect("FlopmeterLatencyRegression", slower + 3 * 60, false);
    simulate(minute -> measured(minute < slower ? 0.002 : 0.0025, true));
  }

  @Test
  void oneSlowResultAndResultsThatAreNotValidAreNoSlowdown() throws Exception {
    int slow = 6 * 60;
    int invalid = 12 * 60;
    expect("FlopmeterLatencyRegression", slow + 60, false);
    expect("FlopmeterLatencyRegression", invalid + 60, false);
    expect("FlopmeterMeasurementInvalid", invalid + 60, true);
    simulate(
        minute ->
            minute >= slow && minute < slow + 10
                ? measured(0.004, true)
                : measured(minute < invalid ? 0.002 : 0.004, minute < invalid));
  }
}
