package dev.flopmeter.serve;

import dev.flopmeter.serve.RequestedRun.Part;
import dev.flopmeter.serve.RequestedRun.State;
import dev.flopmeter.serve.worker.Target;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The runs that were asked for and how far they are, {@value #MOST} at most: the oldest that has
 * ended makes room for a new one. Not thread-safe: its owner locks.
 */
final class RequestedRuns {
  static final int MOST = 100;

  private final Map<String, RequestedRun> runs = new LinkedHashMap<>();
  private long count;

  /** The run of a workload of which no target has begun. */
  Optional<RequestedRun> queued(String workload) {
    return runs.values().stream()
        .filter(run -> run.workload().equals(workload) && run.state() == State.QUEUED)
        .findFirst();
  }

  /** A new run; empty where all that are remembered have not ended. */
  Optional<RequestedRun> add(String workload, List<Target> targets, Instant now) {
    if (runs.size() == MOST) {
      Optional<RequestedRun> oldest =
          runs.values().stream().filter(run -> run.state().isEnd()).findFirst();
      if (oldest.isEmpty()) {
        return Optional.empty();
      }
      runs.remove(oldest.get().id());
    }
    // The time tells it from runs before a restart.
    String id = Long.toString(now.toEpochMilli(), Character.MAX_RADIX) + "-" + ++count;
    RequestedRun run =
        new RequestedRun(id, workload, now, targets.stream().map(Part::queued).toList());
    runs.put(id, run);
    return Optional.of(run);
  }

  /** All of a workload, the oldest first. */
  List<RequestedRun> of(String workload) {
    return runs.values().stream().filter(run -> run.workload().equals(workload)).toList();
  }

  /** Whether a target has a part that has not begun. */
  boolean isWanted(Target target) {
    return runs.values().stream()
        .anyMatch(
            run -> run.has(part -> part.state() == State.QUEUED && part.target().equals(target)));
  }

  void began(Target target) {
    change(State.QUEUED, part -> part.target().equals(target) ? part.running() : part);
  }

  /** A target's run has ended as this part says. */
  void ended(Part end) {
    change(State.RUNNING, part -> part.target().equals(end.target()) ? end : part);
  }

  /** Ends what waits for targets that are no longer planned. */
  void replace(List<Target> targets) {
    String reason = "the configuration or the devices have changed; ask again";
    change(
        State.QUEUED,
        part ->
            targets.contains(part.target())
                ? part
                : new Part(part.target(), State.FAILED, "stopped", reason, List.of()));
  }

  private void change(State state, UnaryOperator<Part> change) {
    runs.replaceAll((id, run) -> run.with(state, change));
  }
}
