package dev.flopmeter.serve;

import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
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
 */
record Snapshot(
    String version,
    Instant startedAt,
    Instant now,
    ServeConfig config,
    List<String> reloadProblems,
    History.State history,
    List<PublishedState.SeriesView> series,
    List<PublishedState.EndedRun> runs,
    Map<String, WorkloadState> workloads,
    List<DeviceState> devices) {

  Snapshot {
    reloadProblems = List.copyOf(reloadProblems);
    series = List.copyOf(series);
    runs = List.copyOf(runs);
    workloads = Map.copyOf(workloads);
    devices = List.copyOf(devices);
  }

  /**
   * What a workload is doing, over all its targets.
   *
   * @param progress share of the running work that is done; null if nothing runs
   * @param untilNext null if no run is planned
   * @param lastRun null before the first
   * @param lastSuccess null before the first
   */
  record WorkloadState(
      @Nullable Double progress,
      @Nullable Duration untilNext,
      PublishedState.@Nullable EndedRun lastRun,
      @Nullable Instant lastSuccess) {

    boolean isRunning() {
      return progress != null;
    }
  }

  /** What a device is doing. */
  record DeviceState(String id, boolean isRunning, boolean isQuarantined) {}

  /** The state of a workload of the configuration. */
  WorkloadState workload(String name) {
    return Objects.requireNonNull(workloads.get(name));
  }
}
