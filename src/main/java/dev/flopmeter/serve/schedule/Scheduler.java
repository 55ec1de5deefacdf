package dev.flopmeter.serve.schedule;

import dev.flopmeter.serve.config.ServeConfig.Worker;
import dev.flopmeter.serve.worker.Outcome;
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

/**
 * Decides what runs next on each device. The run that has been due longest goes first, so that no
 * workload starves where there is more work than time. Failures double a target's interval; a
 * device that fails again and again is left alone but for a rare attempt.
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
    Target target;
    int order;
    long due;
    int failures;

    Entry(Target target, int order, long due) {
      this.target = target;
      this.order = order;
      this.due = due;
    }
  }

  private static final class Health {
    int failures;
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
        entry = new Entry(target, entries.size(), now);
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

  public List<Target> targets() {
    return entries.values().stream().map(entry -> entry.target).toList();
  }

  /** What to run on a device now, if something is due. */
  public Optional<Target> next(String device, long now) {
    return first(device).filter(entry -> turn(entry, device) - now <= 0).map(entry -> entry.target);
  }

  /** Nanoseconds until something is due on a device; empty if it has no targets. */
  public OptionalLong untilNext(String device, long now) {
    return first(device)
        .map(entry -> OptionalLong.of(Math.max(0, turn(entry, device) - now)))
        .orElse(OptionalLong.empty());
  }

  private Optional<Entry> first(String device) {
    // Differences, not values: the clock's origin is arbitrary and it may wrap.
    Comparator<Entry> longestDue = (a, b) -> Long.signum(a.due - b.due);
    return entries.values().stream()
        .filter(entry -> entry.target.device().equals(device))
        .min(longestDue.thenComparingInt(entry -> entry.order));
  }

  private long turn(Entry entry, String device) {
    Health health = devices.get(device);
    if (health == null || health.quarantinedUntil.isEmpty()) {
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
    Entry entry = entries.get(target.id());
    if (entry == null || !entry.target.equals(target)) {
      return;
    }
    if (outcome == Outcome.STOPPED) {
      entry.due = now;
      return;
    }
    if (outcome == Outcome.SUCCESS) {
      entry.failures = 0;
    } else if (!outcome.isNeutral()) {
      entry.failures++;
    }
    long wait = wait(target, entry.failures);
    entry.due = started + wait - now > 0 ? started + wait : now;
  }

  private long wait(Target target, int failures) {
    Duration interval = target.workload().interval();
    Duration most = rules.maxBackoff().compareTo(interval) > 0 ? rules.maxBackoff() : interval;
    double seconds =
        Math.min(
            (double) interval.toNanos() * Math.pow(2, Math.max(0, failures - 1)),
            (double) most.toNanos());
    double varied = 1 + target.workload().jitter() * (2 * random.nextDouble() - 1);
    return Math.round(seconds * varied);
  }

  private void judge(String device, Outcome outcome, long now) {
    Health health = devices.computeIfAbsent(device, name -> new Health());
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
        .mapToLong(entry -> Math.max(0, turn(entry, entry.target.device()) - now))
        .min();
  }

  /** Failures of a target in a row. */
  public int failures(Target.Id id) {
    Entry entry = entries.get(id);
    return entry == null ? 0 : entry.failures;
  }

  public boolean isQuarantined(String device) {
    Health health = devices.get(device);
    return health != null && health.quarantinedUntil.isPresent();
  }
}
