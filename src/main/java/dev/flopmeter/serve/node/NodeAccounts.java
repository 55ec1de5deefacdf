package dev.flopmeter.serve.node;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.device.ProcessOwner;
import dev.flopmeter.serve.node.GpuAccount.ProcessAccount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Adds up samples of a node. Each moment of a GPU has one state: that of the sample which ends it.
 * A sample covers the time since the one before, or one interval if that is longer ago than two;
 * time that no sample covers is {@link State#UNKNOWN}. Times are of a clock that does not jump, in
 * nanoseconds.
 *
 * <p>Not thread-safe.
 */
final class NodeAccounts {
  /** The delay of a sample on a busy host. */
  private static final Duration SLACK = Duration.ofSeconds(1);

  private final long interval;
  private final long longest;
  private final int mostProcesses;
  private final Map<String, Account> accounts = new LinkedHashMap<>();
  private Set<Seat> shown = Set.of();

  NodeAccounts(Duration interval, int mostProcesses) {
    this.interval = interval.toNanos();
    longest = interval.multipliedBy(2).plus(SLACK).toNanos();
    this.mostProcesses = mostProcesses;
  }

  /** A process on a GPU; a later process with the same PID is a different one. */
  private record Seat(String uuid, long pid, ProcessOwner owner) {}

  private static Seat seat(Gpu gpu, Occupant process) {
    return new Seat(gpu.uuid(), process.pid(), process.owner());
  }

  private final class Account {
    private Gpu gpu;
    private State state = State.UNKNOWN;
    private long until;
    private final Map<State, Long> nanos = new EnumMap<>(State.class);
    private final Map<String, Long> throttled = new HashMap<>();
    private Map<Seat, Long> processes = new HashMap<>();
    private long others;

    Account(Gpu gpu, long now) {
      this.gpu = gpu;
      until = now;
    }

    /** Assigns the time since the last call to a state; only what the sample covers. */
    private long advance(State next, long now) {
      long passed = now - until;
      long spoken = passed <= longest ? passed : interval;
      nanos.merge(next, spoken, Long::sum);
      nanos.merge(State.UNKNOWN, passed - spoken, Long::sum);
      state = next;
      until = now;
      return spoken;
    }

    /** From now on in a state that no sample describes. */
    void leave(State next, long now) {
      advance(next, now);
      processes.clear();
    }

    void take(Gpu next, boolean isMeasured, long now) {
      gpu = next;
      long spoken = advance(isMeasured ? State.MEASURED : next.state(), now);
      next.throttled().forEach(reason -> throttled.merge(reason, spoken, Long::sum));
      Map<Seat, Long> present = new HashMap<>();
      for (Occupant process : next.processes()) {
        Seat seat = seat(gpu, process);
        present.put(seat, processes.getOrDefault(seat, 0L) + spoken);
      }
      processes = present;
      others += spoken * present.keySet().stream().filter(seat -> !shown.contains(seat)).count();
    }

    boolean expire(long now) {
      boolean isDue = now - until > longest;
      if (isDue) {
        leave(State.UNKNOWN, now);
      }
      return isDue;
    }

    GpuAccount view() {
      Map<State, Double> seconds = new EnumMap<>(State.class);
      nanos.forEach((each, time) -> seconds.put(each, time / 1e9));
      Map<String, Double> reasons = new HashMap<>();
      throttled.forEach((reason, time) -> reasons.put(reason, time / 1e9));
      List<ProcessAccount> named = new ArrayList<>();
      List<Occupant> rest = new ArrayList<>();
      for (Occupant process : gpu.processes()) {
        Long time = processes.get(seat(gpu, process));
        if (time != null && shown.contains(seat(gpu, process))) {
          named.add(new ProcessAccount(process, time / 1e9));
        } else if (time != null) {
          rest.add(process);
        }
      }
      return new GpuAccount(gpu, state, seconds, reasons, named, rest, others / 1e9);
    }
  }

  /**
   * @param measured uuids that the daemon's own runs are on
   */
  void take(NodeSample sample, Set<String> measured, long now) {
    Set<String> reached = new HashSet<>();
    shown = largest(sample);
    for (Gpu gpu : sample.gpus()) {
      if (gpu.state() != State.LOST) {
        reached.add(gpu.uuid());
        accounts
            .computeIfAbsent(gpu.uuid(), unseen -> new Account(gpu, now))
            .take(gpu, measured.contains(gpu.uuid()), now);
      } else if (accounts.values().stream().noneMatch(account -> isPartOf(gpu, account.gpu))) {
        accounts.put(gpu.uuid().isEmpty() ? gpu.device() : gpu.uuid(), new Account(gpu, now));
      }
    }
    accounts
        .entrySet()
        .removeIf(entry -> !reached.contains(entry.getKey()) && isReplaced(entry, sample));
    accounts.forEach(
        (key, account) -> {
          if (!reached.contains(key)) {
            account.leave(State.LOST, now);
          }
        });
  }

  /** The GPU, or any instance of it. */
  private static boolean isPartOf(Gpu lost, Gpu known) {
    return lost.uuid().isEmpty()
        ? known.device().equals(lost.device())
        : known.parent().equals(lost.uuid());
  }

  /** Whether the GPU exists in another form: divided differently, or back under its uuid. */
  private static boolean isReplaced(Map.Entry<String, Account> entry, NodeSample sample) {
    Gpu known = entry.getValue().gpu;
    return sample.gpus().stream()
        .filter(gpu -> gpu.state() != State.LOST)
        .anyMatch(
            gpu ->
                known.uuid().isEmpty()
                    ? (gpu.device() + ":").startsWith(known.device() + ":")
                    : gpu.parent().equals(known.parent()));
  }

  /** The processes that hold most memory have series of their own. */
  private Set<Seat> largest(NodeSample sample) {
    Map<Seat, Long> memory = new HashMap<>();
    for (Gpu gpu : sample.gpus()) {
      for (Occupant process : gpu.processes()) {
        Long bytes = process.memoryBytes();
        memory.put(seat(gpu, process), bytes == null ? 0 : bytes);
      }
    }
    return memory.entrySet().stream()
        .sorted(
            Map.Entry.<Seat, Long>comparingByValue(Comparator.reverseOrder())
                .thenComparing(entry -> entry.getKey().pid()))
        .limit(mostProcesses)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  /**
   * Advances the time; returns whether GPUs were not sampled for long and are in an unknown state.
   */
  boolean expire(long now) {
    return accounts.values().stream()
        .map(account -> account.expire(now))
        .reduce(false, (a, b) -> a || b);
  }

  List<GpuAccount> view() {
    return accounts.values().stream().map(Account::view).toList();
  }
}
