package dev.flopmeter.serve.page;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.metrics.PublishedResult;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.Target;
import dev.flopmeter.units.Durations;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The daemon at one moment, as the pages and the API show it.
 *
 * @param version of flopmeter
 * @param reloadProblems why the last reload was refused, one line each; empty if it was not
 * @param runs the last ones, the latest first
 * @param workloads by name, one for each in the configuration
 * @param devices those with something to run
 * @param node the accounts of this host's GPUs
 */
public record Snapshot(
    String version,
    Instant startedAt,
    Instant now,
    ServeConfig config,
    List<String> reloadProblems,
    History.State history,
    List<Series> series,
    List<EndedRun> runs,
    Map<String, WorkloadState> workloads,
    List<DeviceState> devices,
    NodeState node) {
  /**
   * A series with its last result.
   *
   * @param isFresh false if it is from before the daemon started, or older than its interval allows
   * @param past its results, the oldest first
   */
  public record Series(
      PublishedResult shown, HistoryEntry entry, boolean isFresh, List<HistoryEntry> past) {
    public SeriesKey key() {
      return shown.result().key();
    }

    public ProfileResult profile() {
      return shown.result().profile();
    }

    /** Measured on an emulated device: its times and shares are not valid. */
    boolean isEmulated() {
      return profile().device().isEmulated();
    }

    /** Whether figures of this result may be summed up, compared and recommended upon. */
    boolean isUsable() {
      return isFresh && profile().valid() && !isEmulated();
    }

    /** {@code fp32, batch 8}. */
    String label() {
      return key().precision() + ", batch " + key().batch();
    }

    /** {@code classifier, fp32, batch 8}. */
    String subject() {
      return key().workload() + ", " + label();
    }
  }

  public record EndedRun(
      Instant endedAt, Target target, Outcome outcome, Duration duration, String detail) {}

  /**
   * What a workload is doing, over all its targets.
   *
   * @param progress share of the running work that is done; null if nothing runs
   * @param untilNext null if no run is planned
   * @param lastRun null before the first
   * @param lastSuccess null before the first
   */
  public record WorkloadState(
      @Nullable Double progress,
      @Nullable Duration untilNext,
      @Nullable EndedRun lastRun,
      @Nullable Instant lastSuccess) {
    public boolean isRunning() {
      return progress != null;
    }
  }

  public record DeviceState(String id, boolean isRunning, boolean isQuarantined) {}

  public WorkloadState workload(String name) {
    return Objects.requireNonNull(workloads.get(name));
  }

  /** The time since a moment, such as {@code 5 min}. */
  String since(Instant moment) {
    return Durations.coarse(Duration.between(moment, now));
  }

  public List<Series> seriesOf(String workload) {
    return series.stream().filter(one -> one.key().workload().equals(workload)).toList();
  }
}
