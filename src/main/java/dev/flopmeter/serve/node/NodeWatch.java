package dev.flopmeter.serve.node;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.node.NodeState.Pod;
import dev.flopmeter.serve.worker.SamplerProcess;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the accounts of this host's GPUs. A child process samples them; one that ends or falls
 * silent is replaced, after a pause that doubles. Thread-safe.
 */
public final class NodeWatch implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(NodeWatch.class);
  private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
  private static final Duration STARTING = Duration.ofSeconds(30);
  private static final int MOST_EVENTS = 1000;

  private final WorkerCommand command;
  private final Node rules;
  private final Duration interval;
  private final LongSupplier nanos;
  private volatile boolean isClosed;

  // Guarded by this.
  private @Nullable Thread thread;
  private final NodeAccounts accounts;
  private final Deque<Event> events = new ArrayDeque<>();
  private final Set<String> reported = new HashSet<>();
  private @Nullable SamplerProcess child;
  private Map<String, String> absent = Map.of();
  private List<Health> health = List.of();
  private Set<Pod> pods = Set.of();
  private boolean isEmulated;
  private String problem = "";
  private long heardAt;

  /**
   * A watch that begins at {@link #start}.
   *
   * @param rules without an interval, nothing is watched
   */
  public NodeWatch(WorkerCommand command, Node rules, LongSupplier nanos) {
    this.command = command;
    this.rules = rules;
    this.interval = rules.interval().orElse(Duration.ZERO);
    this.nanos = nanos;
    accounts = new NodeAccounts(interval, rules.processes());
  }

  /**
   * Begins, once.
   *
   * @param measured the uuids of what the daemon's own runs are on now
   * @param changed called after each sample with its events, from the watch's thread
   */
  public synchronized void start(Supplier<Set<String>> measured, Consumer<List<Event>> changed) {
    if (rules.interval().isPresent()) {
      thread = new Thread(() -> watch(measured, changed), "node");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void watch(Supplier<Set<String>> measured, Consumer<List<Event>> changed) {
    Duration pause = Duration.ZERO;
    try {
      while (!isClosed) {
        long began = nanos.getAsLong();
        try {
          failed(runChild(measured, changed));
          changed.accept(List.of());
        } catch (RuntimeException | Error e) {
          failed(e.toString());
        }
        pause = pause(pause, nanos.getAsLong() - began);
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  /** The pause before the next child: longer than the last one, if the child has not lived long. */
  static Duration pause(Duration last, long lifeNanos) {
    Duration next = last.multipliedBy(2);
    return last.isZero() || lifeNanos > LONGEST_PAUSE.toNanos()
        ? SHORTEST_PAUSE
        : next.compareTo(LONGEST_PAUSE) < 0 ? next : LONGEST_PAUSE;
  }

  /** Reads a child's samples until it ends, and returns the reason. */
  private String runChild(Supplier<Set<String>> measured, Consumer<List<Event>> changed)
      throws InterruptedException {
    try (SamplerProcess process = new SamplerProcess(command, rules)) {
      synchronized (this) {
        heardAt = nanos.getAsLong();
        child = process;
        if (isClosed) {
          process.kill();
        }
      }
      for (NodeSample sample = process.next(); sample != null; sample = process.next()) {
        take(sample, measured.get());
        changed.accept(sample.events());
      }
      return process.reason();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /**
   * @param ours the uuids of what the daemon's own runs are on
   */
  private void take(NodeSample sample, Set<String> ours) {
    Map<String, String> missing = new TreeMap<>(sample.absent());
    Set<Pod> claims = PodResources.list(rules, missing);
    synchronized (this) {
      heardAt = nanos.getAsLong();
      accounts.take(sample, ours, heardAt);
      health = sample.health();
      for (Event event : sample.events()) {
        logger.warn("node: {}", event.text());
        events.add(event);
      }
      while (events.size() > MOST_EVENTS) {
        events.remove();
      }
      absent = missing;
      pods = claims;
      isEmulated = sample.emulated();
      if (!problem.isEmpty()) {
        logger.info("the GPUs of this node are sampled again");
        problem = "";
      }
      absent.forEach(
          (figure, why) -> {
            if (reported.add(figure)) {
              logger.warn("node: {} not available: {}", figure, why);
            }
          });
    }
  }

  private synchronized void failed(String why) {
    child = null;
    if (!isClosed && !why.equals(problem)) {
      logger.warn("the GPUs of this node are not sampled: {}", why);
    }
    problem = why;
    pods = Set.of();
  }

  /**
   * Takes note of the time, and ends a child that has been silent for too long.
   *
   * @return whether GPUs are in an unknown state
   */
  public synchronized boolean tick() {
    long now = nanos.getAsLong();
    boolean isExpired = accounts.expire(now);
    Duration longest = STARTING.plus(interval.multipliedBy(3));
    if (child != null && now - heardAt > longest.toNanos()) {
      logger.warn("the sampler of this node has not reported for {} s", longest.toSeconds());
      child.kill();
    }
    return isExpired;
  }

  public synchronized NodeState state() {
    return new NodeState(
        rules, accounts.view(), health, List.copyOf(events), pods, problem, isEmulated, absent);
  }

  /** Ends the child and waits for it. */
  @Override
  public void close() {
    Thread ending;
    synchronized (this) {
      isClosed = true;
      ending = thread;
      if (child != null) {
        child.kill();
      }
    }
    if (ending != null) {
      ending.interrupt();
      try {
        ending.join(TimeUnit.SECONDS.toMillis(10));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
