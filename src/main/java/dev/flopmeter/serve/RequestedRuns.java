package dev.flopmeter.serve;

import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import dev.flopmeter.text.Labelled;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * The requested runs and their state, at most {@value #MOST}: the oldest finished one makes room
 * for a new one. Not thread-safe: its owner locks.
 */
final class RequestedRuns {
  static final int MOST = 100;

  private static final RunReport CHANGED =
      RunReport.of(Outcome.STOPPED, "the configuration or the devices have changed; try again");

  enum State implements Labelled {
    QUEUED,
    RUNNING,
    DONE,
    FAILED
  }

  /**
   * The request for one target.
   *
   * @param outcome how it ended, as in {@code flopmeter_runs_total}; empty before
   * @param reason why it failed, or empty
   * @param results those received, also before a failure
   */
  record Part(
      Target target, State state, String outcome, String reason, List<HistoryEntry> results) {
    private static Part of(Target target, State state) {
      return new Part(target, state, "", "", List.of());
    }

    private Part ended(RunReport report, List<HistoryEntry> kept) {
      State end = report.outcome() == Outcome.SUCCESS ? State.DONE : State.FAILED;
      return new Part(target, end, report.outcome().label(), report.detail(), kept);
    }
  }

  /** One run, with a part for each target of the workload. */
  record Run(String id, String workload, Instant requestedAt, List<Part> parts) {
    /** Queued until the first part begins, and ended when the last one has. */
    State state() {
      if (isOver()) {
        return has(State.FAILED) ? State.FAILED : State.DONE;
      }
      return parts.stream().allMatch(part -> part.state() == State.QUEUED)
          ? State.QUEUED
          : State.RUNNING;
    }

    private boolean isOver() {
      return !has(State.QUEUED) && !has(State.RUNNING);
    }

    private boolean has(State state) {
      return parts.stream().anyMatch(part -> part.state() == state);
    }
  }

  private final Map<String, Run> runs = new LinkedHashMap<>();
  private long count;

  /** A new run; empty if all stored ones are unfinished. */
  Optional<Run> add(String workload, List<Target> targets, Instant now) {
    if (runs.size() == MOST) {
      Optional<Run> oldest = runs.values().stream().filter(Run::isOver).findFirst();
      if (oldest.isEmpty()) {
        return Optional.empty();
      }
      runs.remove(oldest.get().id());
    }
    // The time distinguishes it from runs before a restart.
    String id = Long.toString(now.toEpochMilli(), Character.MAX_RADIX) + "-" + ++count;
    List<Part> parts = targets.stream().map(target -> Part.of(target, State.QUEUED)).toList();
    runs.put(id, new Run(id, workload, now, parts));
    return Optional.of(runs.get(id));
  }

  /** All, the oldest first. */
  List<Run> all() {
    return List.copyOf(runs.values());
  }

  /** Whether a target has a part that has not started. */
  boolean isWanted(Target target) {
    return runs.values().stream()
        .flatMap(run -> run.parts().stream())
        .anyMatch(part -> part.state() == State.QUEUED && part.target().equals(target));
  }

  void began(Target target) {
    change(State.QUEUED, target::equals, part -> Part.of(target, State.RUNNING));
  }

  void ended(Target target, RunReport report, List<HistoryEntry> kept) {
    change(State.RUNNING, target::equals, part -> part.ended(report, kept));
  }

  /** Ends queued parts for targets that are no longer planned. */
  void replace(List<Target> targets) {
    change(
        State.QUEUED, target -> !targets.contains(target), part -> part.ended(CHANGED, List.of()));
  }

  private void change(State from, Predicate<Target> which, UnaryOperator<Part> change) {
    UnaryOperator<Part> each =
        part -> part.state() == from && which.test(part.target()) ? change.apply(part) : part;
    runs.replaceAll(
        (id, run) ->
            new Run(
                id, run.workload(), run.requestedAt(), run.parts().stream().map(each).toList()));
  }
}
