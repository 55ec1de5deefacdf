package dev.flopmeter.serve;

import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.worker.Target;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A run of a workload that someone asked for.
 *
 * @param parts one for each target of the workload, in the order of the plan
 */
record RequestedRun(String id, String workload, Instant requestedAt, List<Part> parts) {
  enum State {
    QUEUED,
    RUNNING,
    DONE,
    FAILED;

    boolean isEnd() {
      return this == DONE || this == FAILED;
    }
  }

  /**
   * What was asked of one target.
   *
   * @param outcome how it ended, as in {@code flopmeter_runs_total}; empty before
   * @param reason why it failed; empty otherwise
   * @param results those received, also before a failure
   */
  record Part(
      Target target, State state, String outcome, String reason, List<HistoryEntry> results) {
    Part {
      results = List.copyOf(results);
    }

    static Part queued(Target target) {
      return new Part(target, State.QUEUED, "", "", List.of());
    }

    Part running() {
      return new Part(target, State.RUNNING, "", "", List.of());
    }
  }

  RequestedRun {
    parts = List.copyOf(parts);
  }

  /** Queued until the first part begins, and ended when the last one has. */
  State state() {
    if (parts.stream().allMatch(part -> part.state().isEnd())) {
      return has(part -> part.state() == State.FAILED) ? State.FAILED : State.DONE;
    }
    return has(part -> part.state() != State.QUEUED) ? State.RUNNING : State.QUEUED;
  }

  boolean has(Predicate<Part> property) {
    return parts.stream().anyMatch(property);
  }

  /** Changes the parts in one state. */
  RequestedRun with(State state, UnaryOperator<Part> change) {
    return new RequestedRun(
        id,
        workload,
        requestedAt,
        parts.stream().map(part -> part.state() == state ? change.apply(part) : part).toList());
  }
}
