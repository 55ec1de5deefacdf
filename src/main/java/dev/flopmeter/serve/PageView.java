package dev.flopmeter.serve;

import dev.flopmeter.report.StatusPage.DeviceHealth;
import dev.flopmeter.report.StatusPage.Health;
import dev.flopmeter.report.StatusPage.Latest;
import dev.flopmeter.report.StatusPage.RunEntry;
import dev.flopmeter.report.StatusPage.Sample;
import dev.flopmeter.report.StatusPage.Series;
import dev.flopmeter.report.StatusPage.View;
import dev.flopmeter.report.StatusPage.Workload;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.schedule.Target;
import dev.flopmeter.serve.worker.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The daemon at one moment, as the status page wants it. */
final class PageView {
  private final Daemon daemon;
  private final Instant now;
  private final List<Board.SeriesView> series;
  private final List<Board.Run> runs;
  private final Map<String, Target> running;

  private PageView(Daemon daemon) {
    this.daemon = daemon;
    now = daemon.clocks().wall().instant();
    series = daemon.board().series();
    runs = daemon.board().runs();
    running = daemon.lanes().running();
  }

  static View of(Daemon daemon) {
    PageView view = new PageView(daemon);
    return new View(
        daemon.version(),
        view.now,
        daemon.startedAt(),
        view.problems(),
        daemon.config().workloads().stream().map(view::workload).toList(),
        view.devices(),
        view.runs.stream().map(PageView::run).toList());
  }

  private List<String> problems() {
    List<String> problems = new ArrayList<>(daemon.reloadProblems());
    History.State history = daemon.history().state();
    if (daemon.config().history().folder().isPresent() && !history.isWritable()) {
      problems.add(
          "the history cannot be written; " + history.pending() + " results wait in memory");
    }
    return problems;
  }

  private Workload workload(ServeConfig.Workload workload) {
    List<Target> active =
        running.values().stream()
            .filter(target -> target.workload().name().equals(workload.name()))
            .toList();
    OptionalDouble progress =
        active.stream()
            .map(daemon.runner()::progress)
            .flatMap(Optional::stream)
            .mapToDouble(Double::doubleValue)
            .average();
    Optional<Board.Run> last =
        runs.stream()
            .filter(run -> run.target().workload().name().equals(workload.name()))
            .findFirst();
    List<Series> ours =
        series.stream()
            .filter(one -> one.key().workload().equals(workload.name()))
            .map(PageView::series)
            .toList();
    Optional<Duration> next = daemon.lanes().untilNext(workload.name());
    boolean isActive = !active.isEmpty();
    return new Workload(
        workload.name(),
        workload.model(),
        isActive ? Health.BUSY : last.map(run -> health(run.outcome())).orElse(Health.IDLE),
        isActive ? "measuring" : last.map(run -> words(run.outcome())).orElse("waiting"),
        progress.isPresent() ? progress.getAsDouble() : null,
        isActive ? null : next.map(now::plus).orElse(null),
        !ours.isEmpty(),
        ours);
  }

  private static Series series(Board.SeriesView view) {
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
            result.median(),
            orZero(result.value("throughput.inferences_per_second")),
            orZero(result.value("throughput.achieved_flops_per_second")),
            mfu(result),
            view.shown().regression(),
            result.warnings().size()),
        view.past().stream()
            .map(sample -> new Sample(sample.at(), sample.median(), sample.isValid()))
            .toList());
  }

  private static double orZero(@Nullable Double value) {
    return value == null ? 0 : value;
  }

  private static @Nullable Double mfu(Result result) {
    for (String basis : List.of("datasheet", "measured", "clock_adjusted")) {
      Double mfu = result.value("efficiency.mfu." + basis);
      if (mfu != null) {
        return mfu;
      }
    }
    return null;
  }

  private List<DeviceHealth> devices() {
    List<DeviceHealth> devices = new ArrayList<>();
    for (String id : daemon.lanes().devices()) {
      Optional<Result> last =
          series.stream()
              .map(one -> one.shown().result())
              .filter(result -> result.key().device().equals(id))
              .reduce((a, b) -> a.startedAt().isAfter(b.startedAt()) ? a : b);
      boolean isLeftAlone = daemon.lanes().isQuarantined(id);
      boolean isBusy = running.containsKey(id);
      devices.add(
          new DeviceHealth(
              id,
              last.map(result -> result.text("device.name")).orElse(id),
              isLeftAlone ? Health.BAD : isBusy ? Health.BUSY : Health.IDLE,
              isLeftAlone ? "left alone after failures" : isBusy ? "measuring" : "idle",
              last.map(result -> result.value("sensors.utilization")).orElse(null),
              last.map(result -> result.value("sensors.temperature_c")).orElse(null),
              last.map(result -> result.value("sensors.power_w")).orElse(null),
              last.map(result -> result.value("sensors.memory_used_bytes"))
                  .map(Double::longValue)
                  .orElse(null),
              null));
    }
    return devices;
  }

  private static RunEntry run(Board.Run run) {
    return new RunEntry(
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
