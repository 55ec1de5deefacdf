package dev.flopmeter.serve.page;

import dev.flopmeter.result.ProfileResult.Shares;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * All that the status page shows, at one moment.
 *
 * @param problems of the daemon itself, such as a rejected configuration; each one line
 * @param recommendation the one with the largest saving among the last results; null without one
 * @param runs the latest first
 */
public record StatusView(
    String version,
    Instant now,
    Instant startedAt,
    List<String> problems,
    @Nullable Recommendation recommendation,
    List<Workload> workloads,
    List<Device> devices,
    List<Run> runs) {
  public StatusView {
    problems = List.copyOf(problems);
    workloads = List.copyOf(workloads);
    devices = List.copyOf(devices);
    runs = List.copyOf(runs);
  }

  /** How something is, for its colour. */
  public enum Health {
    GOOD,
    /** At work just now. */
    BUSY,
    /** Nothing known yet, or nothing to do. */
    IDLE,
    WARNING,
    BAD;

    String style() {
      return "h-" + name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What to do first.
   *
   * @param subject the workload, precision and batch whose result supports it
   */
  public record Recommendation(String subject, String title, String evidence, String gain) {}

  /**
   * A configured workload.
   *
   * @param state a few words, such as {@code measuring} or {@code waiting for cuda:0}
   * @param problem why its last run failed, one line; empty if it did not
   * @param progress share done of the run going on; null if none is
   * @param nextRunAt null if none is planned
   */
  public record Workload(
      String name,
      String model,
      Health health,
      String state,
      String problem,
      @Nullable Double progress,
      @Nullable Instant nextRunAt,
      List<Series> series) {
    public Workload {
      series = List.copyOf(series);
    }
  }

  /**
   * One combination that a workload measures.
   *
   * @param history the oldest first
   */
  public record Series(
      String device,
      String backend,
      String precision,
      long batch,
      Latest latest,
      List<Sample> history) {
    public Series {
      history = List.copyOf(history);
    }

    /** {@code fp32, batch 8}. */
    public String label() {
      return precision + ", batch " + batch;
    }
  }

  /**
   * The last result of a series.
   *
   * @param isFresh false if it is from before the daemon started, or older than its interval allows
   * @param isEmulated measured on an emulated device: times and shares mean nothing
   * @param mfu shares of the peak by basis; none where no roof is known
   * @param changeRatio median over that of the history, minus 1; null where there is too little
   * @param warnings of an invalid result, the reasons come first
   */
  public record Latest(
      Instant at,
      boolean isFresh,
      boolean isValid,
      boolean isEmulated,
      double medianSeconds,
      double inferencesPerSecond,
      double flopsPerSecond,
      Shares mfu,
      @Nullable Double changeRatio,
      List<String> warnings) {
    public Latest {
      warnings = List.copyOf(warnings);
    }

    /** Whether figures of this result may be summed up, compared and recommended upon. */
    public boolean isUsable() {
      return isFresh && isValid && !isEmulated;
    }
  }

  /** A result as the sparkline shows it. */
  public record Sample(Instant at, double medianSeconds, boolean isValid) {}

  /** A device and what its sensors last reported; null where unknown. */
  public record Device(
      String id,
      String name,
      Health health,
      String state,
      boolean isEmulated,
      @Nullable Double utilization,
      @Nullable Double temperatureC,
      @Nullable Double powerW,
      @Nullable Long memoryUsedBytes) {}

  /**
   * A run that ended.
   *
   * @param outcome as in {@code flopmeter_runs_total}
   * @param detail one line for a person; may be empty
   */
  public record Run(
      Instant endedAt,
      String workload,
      String device,
      Health health,
      String outcome,
      double seconds,
      String detail) {}
}
