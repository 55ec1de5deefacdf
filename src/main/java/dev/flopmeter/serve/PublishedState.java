package dev.flopmeter.serve;

import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.metrics.DaemonMetrics;
import dev.flopmeter.serve.metrics.PublishedResult;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.ResultJson;
import dev.flopmeter.serve.result.ResultLine;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The last result of each series, its recent past, and the last runs. Decides which results are
 * still shown as metrics: not those of a failed device, of a target that failed three times in a
 * row, or those that are too old.
 *
 * <p>Thread-safe. Nothing is written to disk under its lock.
 */
final class PublishedState {
  private static final int RUNS = 50;
  private static final int SPARKS = 60;
  private static final int FAILURES_TO_WITHDRAW = 3;
  private static final int INTERVALS_FRESH = 3;
  private static final int MOST_IMPORTED_SERIES = 16;

  /**
   * @param measuredAt by the clock that does not jump
   * @param target whose run gave it; null if it was imported, or is of one before this daemon's
   *     life
   */
  private record KnownResult(
      PublishedResult shown, HistoryEntry entry, long measuredAt, Target.@Nullable Id target) {}

  private final DaemonMetrics metrics;
  private final History history;
  private final Clocks clocks;
  private ServeConfig config;
  private final Map<SeriesKey, KnownResult> results = new LinkedHashMap<>();

  /** The results that are shown as metrics. */
  private final Set<SeriesKey> shown = new HashSet<>();

  private final Map<SeriesKey, Baseline> past = new HashMap<>();
  private final Map<String, Instant> successes = new HashMap<>();
  private final Deque<EndedRun> runs = new ArrayDeque<>();
  private final Map<String, EndedRun> lastRuns = new HashMap<>();
  private Set<Target.Id> targets = Set.of();

  PublishedState(ServeConfig config, DaemonMetrics metrics, History history, Clocks clocks) {
    this.config = config;
    this.metrics = metrics;
    this.history = history;
    this.clocks = clocks;
  }

  /** Restores the past from the history, with its original age. */
  synchronized void restore() {
    Instant now = clocks.wall().instant();
    Set<SeriesKey> seen = new HashSet<>();
    List<HistoryEntry> all = history.entries(entry -> true, Integer.MAX_VALUE);
    for (int i = all.size() - 1; i >= 0; i--) {
      HistoryEntry entry = all.get(i);
      past(entry.key()).add(entry);
      successes.merge(entry.key().workload(), entry.arrivedAt(), (a, b) -> a.isAfter(b) ? a : b);
    }
    for (HistoryEntry entry : all) {
      if (seen.add(entry.key()) && isConfigured(entry.key())) {
        restore(entry, now);
      }
    }
    successes.keySet().retainAll(config.workloads().stream().map(Workload::name).toList());
    successes.forEach(metrics::lastSuccess);
  }

  private void restore(HistoryEntry entry, Instant now) {
    Result result;
    try {
      Optional<String> json = history.json(entry);
      if (json.isEmpty()) {
        return;
      }
      result = ResultLine.read(entry.key().workload(), json.get()).result();
    } catch (ResultFormatException e) {
      return; // from a version that this one does not understand
    }
    // In the future: the clock was set back, so its age is unknown.
    Duration age = Duration.between(entry.arrivedAt(), now);
    if (age.isNegative() || age.compareTo(Duration.ofDays(3660)) > 0) {
      age = Duration.ofDays(3660);
    }
    long measuredAt = clocks.nanos().getAsLong() - age.toNanos();
    Result kept = result.withTopLayers(config.metrics().layers());
    KnownResult known =
        new KnownResult(new PublishedResult(kept, true, null), entry, measuredAt, null);
    results.put(entry.key(), known);
    if (isFresh(known)) {
      shown.add(entry.key());
      metrics.show(known.shown);
    }
  }

  private Baseline past(SeriesKey key) {
    int kept = Math.max(SPARKS, 2 * config.history().baselineRuns());
    return past.computeIfAbsent(key, unseen -> new Baseline(kept));
  }

  private Optional<Workload> workload(SeriesKey key) {
    return config
        .workload(key.workload())
        .filter(workload -> workload.precisions().contains(key.precision()));
  }

  /**
   * Whether a result of the past matches the configuration. A result of a finished run always does,
   * because a model may have a fixed batch.
   */
  private boolean isConfigured(SeriesKey key) {
    return workload(key)
        .filter(
            workload ->
                workload.batches().isEmpty()
                    || !workload.inputs().isEmpty()
                    || workload.batches().contains(key.batch()))
        .isPresent();
  }

  private boolean isFresh(KnownResult known) {
    return workload(known.shown.result().key())
        .map(
            workload ->
                clocks.nanos().getAsLong() - known.measuredAt
                    <= workload.interval().multipliedBy(INTERVALS_FRESH).toNanos()
                        + workload.timeout().toNanos())
        .orElse(false);
  }

  /**
   * Receives a run's report: its results are stored, counted and shown. If a new configuration has
   * removed the target meanwhile, they are only stored.
   *
   * @return the stored results
   */
  List<HistoryEntry> completed(
      Target target, RunReport report, int failures, boolean isQuarantined) {
    List<HistoryEntry> entries =
        report.results().stream()
            .map(line -> history.append(line.result(), withoutRaw(line)))
            .toList();
    synchronized (this) {
      if (targets.contains(target.id())) {
        metrics.quarantined(target.device(), isQuarantined);
        metrics.failures(target.id(), failures);
        Set<SeriesKey> came = new HashSet<>();
        for (int i = 0; i < entries.size(); i++) {
          Result result = report.results().get(i).result();
          came.add(result.key());
          take(target.id(), result, entries.get(i));
        }
        judge(target, report, failures, came);
      }
      keep(
          new EndedRun(
              clocks.wall().instant(),
              target,
              report.outcome(),
              report.duration(),
              report.detail()));
      metrics.run(target.workload().name(), report.outcome(), report.duration());
      metrics.history(history.state(), config.history().folder().isPresent());
    }
    metrics.publish();
    return entries;
  }

  /** Why a series of imported results is not accepted; empty if it is. */
  synchronized String refusal(SeriesKey key) {
    if (!isConfigured(key)) {
      return key.precision() + " or batch " + key.batch() + " is not configured";
    }
    long others =
        results.keySet().stream()
            .filter(one -> one.workload().equals(key.workload()) && !one.equals(key))
            .count();
    return others < MOST_IMPORTED_SERIES
        ? ""
        : "has " + others + " series of other models, devices or backends; name another workload";
  }

  /** Receives a result that was measured elsewhere: it is stored, counted and shown. */
  void imported(ResultLine line) {
    Instant now = clocks.wall().instant();
    HistoryEntry entry = history.append(line.result(), now, withoutRaw(line));
    String workload = line.result().key().workload();
    synchronized (this) {
      take(null, line.result(), entry);
      successes.put(workload, now);
      metrics.lastSuccess(workload, now);
      metrics.history(history.state(), config.history().folder().isPresent());
    }
    metrics.publish();
  }

  /** Single samples are in the histogram; stored, they would be most of the history. */
  private static String withoutRaw(ResultLine line) {
    return ResultJson.without(line.json(), "raw_seconds");
  }

  private void keep(EndedRun run) {
    runs.addFirst(run);
    if (runs.size() > RUNS) {
      runs.removeLast();
    }
    if (targets.contains(run.target().id())) {
      lastRuns.put(run.target().workload().name(), run);
    }
  }

  private void take(Target.@Nullable Id target, Result result, HistoryEntry entry) {
    metrics.count(result);
    Baseline before = past(result.key());
    Double baseline = before.median(config.history().baselineRuns());
    before.add(entry);
    Result kept = result.withTopLayers(config.metrics().layers());
    KnownResult known =
        new KnownResult(
            new PublishedResult(kept, false, baseline), entry, clocks.nanos().getAsLong(), target);
    results.put(result.key(), known);
    shown.add(result.key());
    metrics.show(known.shown);
  }

  private void judge(Target target, RunReport report, int failures, Set<SeriesKey> came) {
    if (report.outcome() == Outcome.SUCCESS) {
      Instant now = clocks.wall().instant();
      successes.put(target.workload().name(), now);
      metrics.lastSuccess(target.workload().name(), now);
    }
    // After a success, the others have a batch size or a backend that is no longer measured.
    if (report.outcome() == Outcome.SUCCESS
        || report.outcome() == Outcome.DEVICE_FAILED
        || failures >= FAILURES_TO_WITHDRAW) {
      results.forEach(
          (key, known) -> {
            if (!came.contains(key) && (target.id().equals(known.target) || belongs(key, target))) {
              withdraw(key);
            }
          });
    }
    if (report.outcome() == Outcome.DEVICE_FAILED && came.isEmpty()) {
      metrics.withdrawDevice(target.device());
    }
  }

  /** Also results restored from before, although no run of this daemon measured them. */
  private static boolean belongs(SeriesKey key, Target target) {
    return key.workload().equals(target.workload().name())
        && key.precision().equals(target.precision())
        && (key.device().equals(target.device()) || target.device().equals("auto"));
  }

  private void withdraw(SeriesKey key) {
    if (shown.remove(key)) {
      metrics.withdraw(key);
    }
  }

  /** Applies a new configuration: what it no longer contains is no longer shown. */
  synchronized void configured(ServeConfig next, List<Target> wanted) {
    Set<String> unchanged =
        next.workloads().stream()
            .filter(config.workloads()::contains)
            .map(Workload::name)
            .collect(Collectors.toSet());
    config = next;
    Set<Target.Id> before = targets;
    targets = wanted.stream().map(Target::id).collect(Collectors.toUnmodifiableSet());
    before.stream().filter(target -> !targets.contains(target)).forEach(metrics::forget);
    targets.stream()
        .filter(target -> !before.contains(target))
        .forEach(target -> metrics.failures(target, 0));
    results.forEach(
        (key, known) -> {
          if (known.target != null && !targets.contains(known.target)) {
            withdraw(key);
          }
        });
    for (SeriesKey key : List.copyOf(results.keySet())) {
      if (!unchanged.contains(key.workload()) && !isConfigured(key)) {
        withdraw(key);
        results.remove(key);
        past.remove(key);
      }
    }
    Set<String> names =
        next.workloads().stream().map(Workload::name).collect(Collectors.toUnmodifiableSet());
    successes.keySet().retainAll(names);
    lastRuns.keySet().retainAll(names);
  }

  /** Removes results that are too old; returns whether there were any. */
  synchronized boolean expire() {
    List<SeriesKey> old =
        shown.stream().filter(key -> !isFresh(Objects.requireNonNull(results.get(key)))).toList();
    old.forEach(this::withdraw);
    return !old.isEmpty();
  }

  /** The known series, in the order of their first result. */
  synchronized List<Series> series() {
    List<Series> views = new ArrayList<>();
    results.forEach(
        (key, known) ->
            views.add(
                new Series(
                    known.shown,
                    known.entry,
                    shown.contains(key) && !known.shown.isRestored() && isFresh(known),
                    past(key).samples())));
    return views;
  }

  /** The last runs, the latest first. */
  synchronized List<EndedRun> runs() {
    return List.copyOf(runs);
  }

  /**
   * The last run of a workload since the daemon started, over all its targets; null before the
   * first.
   */
  synchronized @Nullable EndedRun lastRun(String workload) {
    return lastRuns.get(workload);
  }

  synchronized @Nullable Instant lastSuccess(String workload) {
    return successes.get(workload);
  }
}
