package dev.flopmeter.serve.schedule;

import dev.flopmeter.serve.config.ServeConfig.Worker;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.Target;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Decides what runs next on each device.
 *
 * <ul>
 *   <li>The run that has been due longest goes first, so that no workload starves where there is
 *       more work than time. After a run that failed, due targets that did not fail go first, so
 *       that one of them waits for at most one failing run.
 *   <li>Failures double a target's own interval.
 *   <li>A device that keeps failing is quarantined: the targets whose last run blames it wait, and
 *       one of them is tried from time to time. Targets that have succeeded or have not run yet
 *       keep their turn; a success ends the quarantine.
 * </ul>
 *
 * <p>Times are nanoseconds of a clock that does not jump. Not thread-safe: its owner locks.
 */
public final class Scheduler {
  private final RandomGenerator random;
  private final Map<Target.Id, Entry> entries = new LinkedHashMap<>();
  private final Map<String, Health> devices = new LinkedHashMap<>();
  private Worker rules;

  public Scheduler(Worker rules, RandomGenerator random) {
    this.rules = rules;
    this.random = random;
  }

  private static final class Entry {
    final Target target;
    int order;
    long due;

    /** In a row. */
    int failures;

    /** Whether the last failure made the device suspicious. */
    boolean blamesDevice;

    Entry(Target target, long due) {
      this.target = target;
      this.due = due;
    }
  }

  private static final class Health {
    /** In a row, over all targets; only those that blame the device. */
    int failures;

    boolean isLastRunFailed;
    OptionalLong quarantinedUntil = OptionalLong.empty();
  }

  /**
   * Takes a new list. A target whose settings are the same keeps its turn; a new or changed one is
   * due at once.
   */
  public void replace(List<Target> targets, Worker newRules, long now) {
    rules = newRules;
    Map<Target.Id, Entry> before = new LinkedHashMap<>(entries);
    entries.clear();
    for (Target target : targets) {
      Entry entry = before.get(target.id());
      if (entry == null || !entry.target.equals(target)) {
        entry = new Entry(target, now);
      }
      entry.order = entries.size();
      entries.put(target.id(), entry);
    }
    devices.keySet().retainAll(devices());
  }

  /** Devices that have something to run, in order of the targets. */
  public Set<String> devices() {
    Set<String> names = new LinkedHashSet<>();
    entries.values().forEach(entry -> names.add(entry.target.device()));
    return names;
  }

  /** What to run on a device now, if something is due. */
  public Optional<Target> next(String device, long now) {
    Health health = devices.get(device);
    boolean isLastRunFailed = health != null && health.isLastRunFailed;
    // Differences, not values: the clock's origin is arbitrary and it may wrap.
    Comparator<Entry> longestDue = (a, b) -> Long.signum((turn(a) - now) - (turn(b) - now));
    Comparator<Entry> first =
        isLastRunFailed
            ? Comparator.<Entry, Boolean>comparing(entry -> entry.failures > 0)
                .thenComparing(longestDue)
            : longestDue;
    return entries.values().stream()
        .filter(entry -> entry.target.device().equals(device) && turn(entry) - now <= 0)
        .min(first.thenComparingInt(entry -> entry.order))
        .map(entry -> entry.target);
  }

  /** Nanoseconds until something is due on a device; empty if it has no targets. */
  public OptionalLong untilNext(String device, long now) {
    return entries.values().stream()
        .filter(entry -> entry.target.device().equals(device))
        .mapToLong(entry -> Math.max(0, turn(entry) - now))
        .min();
  }

  /** When an entry may run: when it is due, or at the end of a quarantine that holds it. */
  private long turn(Entry entry) {
    Health health = devices.get(entry.target.device());
    if (!entry.blamesDevice || health == null || health.quarantinedUntil.isEmpty()) {
      return entry.due;
    }
    long until = health.quarantinedUntil.getAsLong();
    return until - entry.due > 0 ? until : entry.due;
  }

  /**
   * Takes how a run ended and plans the next. A target that is no longer on the list is ignored.
   *
   * @param started when the run began
   */
  public void completed(Target target, Outcome outcome, long started, long now) {
    judge(target.device(), outcome, now);
    Entry entry = entry(target);
    if (entry == null) {
      return;
    }
    if (outcome == Outcome.STOPPED) {
      entry.due = now;
      return;
    }
    if (outcome == Outcome.SUCCESS) {
      entry.failures = 0;
      entry.blamesDevice = false;
    } else if (!outcome.isNeutral()) {
      entry.failures++;
      entry.blamesDevice = outcome.blamesDevice();
    }
    long wait = wait(target, entry.failures);
    entry.due = started + wait - now > 0 ? started + wait : now;
  }

  /** The targets of a workload, in the order of the list. */
  public List<Target> targets(String workload) {
    return entries.values().stream()
        .map(entry -> entry.target)
        .filter(target -> target.workload().name().equals(workload))
        .toList();
  }

  /** Makes a target due now at the latest. The end of a quarantine is not waited for. */
  public void request(Target target, long now) {
    Entry entry = entry(target);
    if (entry != null && turn(entry) - now > 0) {
      entry.due = now;
      entry.blamesDevice = false;
    }
  }

  private @Nullable Entry entry(Target target) {
    Entry entry = entries.get(target.id());
    return entry != null && entry.target.equals(target) ? entry : null;
  }

  private long wait(Target target, int failures) {
    Duration interval = target.workload().interval();
    Duration most = rules.maxBackoff().compareTo(interval) > 0 ? rules.maxBackoff() : interval;
    double nanos =
        Math.min(
            (double) interval.toNanos() * Math.pow(2, Math.max(0, failures - 1)),
            (double) most.toNanos());
    double varied = 1 + target.workload().jitter() * (2 * random.nextDouble() - 1);
    return Math.round(nanos * varied);
  }

  private void judge(String device, Outcome outcome, long now) {
    if (outcome.isNeutral()) {
      return;
    }
    Health health = devices.computeIfAbsent(device, name -> new Health());
    health.isLastRunFailed = outcome != Outcome.SUCCESS;
    if (outcome == Outcome.SUCCESS) {
      health.failures = 0;
      health.quarantinedUntil = OptionalLong.empty();
    } else if (outcome.blamesDevice()) {
      health.failures++;
      if (health.failures >= rules.quarantineAfter()) {
        health.quarantinedUntil = OptionalLong.of(now + rules.quarantineRetry().toNanos());
      }
    }
  }

  /** Nanoseconds until the first target of a workload is due; empty if it has none. */
  public OptionalLong untilWorkload(String workload, long now) {
    return entries.values().stream()
        .filter(entry -> entry.target.workload().name().equals(workload))
        .mapToLong(entry -> Math.max(0, turn(entry) - now))
        .min();
  }

  /** Failures of a target in a row. */
  public int failures(Target.Id id) {
    Entry entry = entries.get(id);
    return entry == null ? 0 : entry.failures;
  }

  /** Whether a device keeps failing and none of its targets works. */
  public boolean isQuarantined(String device) {
    Health health = devices.get(device);
    return health != null
        && health.quarantinedUntil.isPresent()
        && entries.values().stream()
            .filter(entry -> entry.target.device().equals(device))
            .noneMatch(entry -> entry.failures == 0);
  }
}
