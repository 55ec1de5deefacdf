package dev.flopmeter.serve;

import dev.flopmeter.serve.RequestedRuns.Run;
import dev.flopmeter.serve.RequestedRuns.State;
import dev.flopmeter.serve.config.ServeConfig.Worker;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.schedule.Scheduler;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread per device, so that each device has one run at a time while several devices work side
 * by side. A thread lives as long as its device has targets.
 */
final class DeviceThreads implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(DeviceThreads.class);

  private final WorkerRunner runner;
  private final PublishedState state;
  private final Clocks clocks;

  // Guarded by this.
  private final Scheduler scheduler;
  private final Map<String, Thread> threads = new HashMap<>();
  private final Map<String, Target> running = new HashMap<>();
  private final RequestedRuns requests = new RequestedRuns();
  private boolean isClosed;

  DeviceThreads(
      Worker rules,
      RandomGenerator random,
      WorkerRunner runner,
      PublishedState state,
      Clocks clocks) {
    this.scheduler = new Scheduler(rules, random);
    this.runner = runner;
    this.state = state;
    this.clocks = clocks;
  }

  /** Replaces the list of targets; ends runs of targets that are no longer on it. */
  synchronized void replace(List<Target> targets, Worker rules) {
    if (isClosed) {
      return;
    }
    scheduler.replace(targets, rules, now());
    requests.replace(targets);
    for (String device : scheduler.devices()) {
      threads.computeIfAbsent(device, this::thread);
    }
    running.values().stream().filter(target -> !targets.contains(target)).forEach(runner::stop);
    notifyAll();
  }

  private Thread thread(String device) {
    Thread thread = new Thread(() -> work(device), "device-" + device);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void work(String device) {
    try {
      for (Target target = await(device); target != null; target = await(device)) {
        run(device, target);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(String device, Target target) throws InterruptedException {
    long started = now();
    RunReport report;
    try {
      report = runner.run(target);
    } catch (RuntimeException | Error e) {
      // A bug in one run, or a lack of threads, must not end this thread.
      logger.error(
          "run of {} on {} failed with an internal error", target.workload().name(), device, e);
      report = RunReport.of(Outcome.FAILED, e.toString());
    }
    int failures;
    boolean isQuarantined;
    synchronized (this) {
      running.remove(device);
      scheduler.completed(target, report.outcome(), started, now());
      if (requests.isWanted(target)) { // requested during the run
        scheduler.request(target, now());
      }
      failures = scheduler.failures(target.id());
      isQuarantined = scheduler.isQuarantined(device);
    }
    List<HistoryEntry> kept = List.of();
    try {
      kept = state.completed(target, report, failures, isQuarantined);
    } catch (RuntimeException | Error e) {
      logger.error("results of {} on {} could not be kept", target.workload().name(), device, e);
      report = RunReport.of(Outcome.FAILED, e.toString());
    }
    synchronized (this) {
      requests.ended(target, report, kept);
    }
  }

  /** Waits for the next run of a device; null if its thread is to end. */
  private synchronized @Nullable Target await(String device) throws InterruptedException {
    while (true) {
      OptionalLong wait = scheduler.untilNext(device, now());
      if (isClosed || wait.isEmpty()) {
        threads.remove(device);
        return null;
      }
      Optional<Target> next = scheduler.next(device, now());
      if (next.isPresent()) {
        running.put(device, next.get());
        requests.began(next.get());
        return next.get();
      }
      // Rounded up: a thread that wakes early would have to wait again.
      wait(TimeUnit.NANOSECONDS.toMillis(wait.getAsLong()) + 1);
    }
  }

  private long now() {
    return clocks.nanos().getAsLong();
  }

  /**
   * Queues a run of a workload with the others, or returns the one that is queued.
   *
   * @return empty if the workload has no targets, too many requested runs have not ended, or no
   *     more runs will start
   */
  synchronized Optional<Run> request(String workload, Instant now) {
    if (isClosed) {
      return Optional.empty();
    }
    Optional<Run> queued =
        requests.all().stream()
            .filter(run -> run.workload().equals(workload) && run.state() == State.QUEUED)
            .findFirst();
    List<Target> targets = scheduler.targets(workload);
    if (queued.isPresent() || targets.isEmpty()) {
      return queued;
    }
    Optional<Run> run = requests.add(workload, targets, now);
    if (run.isPresent()) {
      targets.stream()
          .filter(target -> !running.containsValue(target))
          .forEach(target -> scheduler.request(target, now()));
      notifyAll();
    }
    return run;
  }

  /** The requested runs that are remembered, the oldest first. */
  synchronized List<Run> requested() {
    return requests.all();
  }

  synchronized Map<String, Target> running() {
    return Map.copyOf(running);
  }

  /** Time until a workload's next run; empty if none is planned. */
  synchronized Optional<Duration> untilNext(String workload) {
    return scheduler.untilWorkload(workload, now()).stream()
        .mapToObj(Duration::ofNanos)
        .findFirst();
  }

  synchronized boolean isQuarantined(String device) {
    return scheduler.isQuarantined(device);
  }

  synchronized Set<String> devices() {
    return scheduler.devices();
  }

  /** Ends all runs and waits until their processes are gone. */
  @Override
  public void close() throws InterruptedException {
    List<Thread> ending;
    synchronized (this) {
      isClosed = true;
      running.values().forEach(runner::stop);
      ending = List.copyOf(threads.values());
      notifyAll();
    }
    for (Thread thread : ending) {
      thread.join(TimeUnit.SECONDS.toMillis(30));
    }
  }
}
