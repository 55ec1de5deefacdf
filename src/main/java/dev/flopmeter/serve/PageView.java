package dev.flopmeter.serve;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.serve.Snapshot.DeviceState;
import dev.flopmeter.serve.Snapshot.WorkloadState;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.page.StatusView;
import dev.flopmeter.serve.page.StatusView.Device;
import dev.flopmeter.serve.page.StatusView.Health;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Recommendation;
import dev.flopmeter.serve.page.StatusView.Sample;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.serve.page.StatusView.Workload;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.worker.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The daemon at one moment, as the status page wants it. */
final class PageView {
  private final Snapshot snapshot;
  private final History history;

  private PageView(Snapshot snapshot, History history) {
    this.snapshot = snapshot;
    this.history = history;
  }

  static StatusView of(Snapshot snapshot, History history, Recommendations recommendations) {
    PageView view = new PageView(snapshot, history);
    return new StatusView(
        snapshot.version(),
        snapshot.now(),
        snapshot.startedAt(),
        view.problems(),
        view.recommendation(recommendations),
        snapshot.config().workloads().stream().map(view::workload).toList(),
        view.devices(),
        snapshot.runs().stream().map(PageView::run).toList());
  }

  private List<String> problems() {
    List<String> problems = new ArrayList<>(snapshot.reloadProblems());
    History.State state = snapshot.history();
    if (snapshot.config().history().folder().isPresent() && !state.isWritable()) {
      problems.add("the history cannot be written; " + state.pending() + " results wait in memory");
    }
    return problems;
  }

  /** Of the results that may be recommended upon, the one that would save the largest share. */
  private @Nullable Recommendation recommendation(Recommendations recommendations) {
    recommendations.keepOnly(snapshot.series());
    return snapshot.series().stream()
        .filter(PublishedState.SeriesView::isFresh)
        .flatMap(
            one -> recommendations.of(one, history).map(advice -> Map.entry(one, advice)).stream())
        .max(Comparator.comparingDouble(entry -> entry.getValue().savedShare()))
        .map(entry -> recommendation(entry.getKey(), entry.getValue()))
        .orElse(null);
  }

  private static Recommendation recommendation(PublishedState.SeriesView one, Advice advice) {
    return new Recommendation(
        one.key().workload() + ", " + series(one).label(),
        advice.title(),
        advice.evidence(),
        advice.gain());
  }

  private Workload workload(ServeConfig.Workload workload) {
    WorkloadState state = snapshot.workload(workload.name());
    Optional<PublishedState.EndedRun> last = Optional.ofNullable(state.lastRun());
    boolean isActive = state.isRunning();
    Duration next = state.untilNext();
    List<Series> ours =
        snapshot.series().stream()
            .filter(one -> one.key().workload().equals(workload.name()))
            .map(PageView::series)
            .toList();
    Health health = last.map(run -> health(run.outcome())).orElse(Health.IDLE);
    return new Workload(
        workload.name(),
        workload.model(),
        isActive && health != Health.BAD ? Health.BUSY : health,
        isActive ? "measuring" : last.map(run -> words(run.outcome())).orElse("waiting"),
        health == Health.BAD ? last.map(PublishedState.EndedRun::detail).orElse("") : "",
        state.progress(),
        isActive || next == null ? null : snapshot.now().plus(next),
        ours);
  }

  private static Series series(PublishedState.SeriesView view) {
    Result result = view.shown().result();
    return new Series(
        view.key().device(),
        view.key().backend(),
        view.key().precision(),
        view.key().batch(),
        new Latest(
            result.startedAt(),
            view.isFresh(),
            result.isValid(),
            isEmulated(result),
            result.median(),
            result.profile().throughput().inferencesPerSecond(),
            result.profile().throughput().achievedFlopsPerSecond(),
            result.profile().efficiency().mfu(),
            view.shown().regression(),
            result.profile().warnings()),
        view.past().stream()
            .map(sample -> new Sample(sample.at(), sample.median(), sample.isValid()))
            .toList());
  }

  private static boolean isEmulated(Result result) {
    return result.profile().device().isEmulated();
  }

  private List<Device> devices() {
    List<Device> devices = new ArrayList<>();
    for (DeviceState device : snapshot.devices()) {
      String id = device.id();
      Optional<Result> last =
          snapshot.series().stream()
              .map(one -> one.shown().result())
              .filter(result -> result.key().device().equals(id))
              .reduce((a, b) -> a.startedAt().isAfter(b.startedAt()) ? a : b);
      Optional<Sensors> sensors = last.map(result -> result.profile().sensors());
      boolean isQuarantined = device.isQuarantined();
      boolean isBusy = device.isRunning();
      devices.add(
          new Device(
              id,
              last.map(result -> result.profile().device().name()).orElse(id),
              isQuarantined ? Health.BAD : isBusy ? Health.BUSY : Health.IDLE,
              isQuarantined ? "quarantined after failures" : isBusy ? "measuring" : "idle",
              last.map(PageView::isEmulated).orElse(false),
              sensors.map(Sensors::utilization).orElse(null),
              sensors.map(Sensors::temperatureC).orElse(null),
              sensors.map(Sensors::powerW).orElse(null),
              sensors.map(Sensors::memoryUsedBytes).orElse(null)));
    }
    return devices;
  }

  private static StatusView.Run run(PublishedState.EndedRun run) {
    return new StatusView.Run(
        run.endedAt(),
        run.target().workload().name(),
        run.target().device(),
        health(run.outcome()),
        run.outcome().label(),
        run.duration().toNanos() / 1e9,
        run.detail());
  }

  private static Health health(Outcome outcome) {
    if (outcome == Outcome.SUCCESS) {
      return Health.GOOD;
    }
    return outcome.isNeutral() ? Health.IDLE : Health.BAD;
  }

  private static String words(Outcome outcome) {
    return outcome == Outcome.SUCCESS ? "waiting" : outcome.label().replace('_', ' ');
  }
}
