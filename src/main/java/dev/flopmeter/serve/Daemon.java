package dev.flopmeter.serve;

import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.http.HttpService;
import dev.flopmeter.serve.metrics.DaemonMetrics;
import dev.flopmeter.serve.page.Recommendations;
import dev.flopmeter.serve.page.Snapshot;
import dev.flopmeter.serve.page.Snapshot.DeviceState;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.DeviceProbe;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon: reads its configuration, runs its workloads in child processes and serves what they
 * found. It never touches a device itself.
 *
 * <p>{@link #start} once, {@link #close} once, from any threads.
 */
public final class Daemon implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Daemon.class);
  private static final long TICK_SECONDS = 5;

  /** The source of the configuration, at the start and at each reload. */
  @FunctionalInterface
  public interface ConfigSource {
    ServeConfig read() throws ConfigException;
  }

  /** Receives the start and the end of each run. Called from the threads of the devices. */
  public interface RunListener {
    /** A run begins; its progress is reported to the returned value. */
    Progress began(Target target);

    void ended(Target target, RunReport report);
  }

  /**
   * What a daemon is given.
   *
   * @param random for the jitter of intervals
   * @param version of flopmeter, for pages and metrics
   */
  public record Options(
      ConfigSource source,
      WorkerCommand worker,
      Clocks clocks,
      RandomGenerator random,
      String version,
      RunListener listener) {}

  private final Options options;
  private final Instant startedAt;
  private final History history;
  private final EventLog events;
  private final DaemonMetrics metrics;
  private final PublishedState state;
  private final WorkerRunner runner;
  private final DeviceThreads threads;
  private final Devices devices;
  private final HostGpus gpus;
  private final HttpService http;
  private final ScheduledExecutorService housekeeping =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "housekeeping");
            thread.setDaemon(true);
            return thread;
          });

  private volatile ServeConfig config;
  private volatile List<String> reloadProblems = List.of();
  private volatile boolean isPlanned;
  private Set<String> usedDevices = Set.of();

  private Daemon(Options options, ServeConfig config, HttpService http, History history) {
    this.options = options;
    this.config = config;
    this.http = http;
    this.history = history;
    events = new EventLog(config.history().folder());
    Clocks clocks = options.clocks();
    startedAt = clocks.wall().instant();
    metrics = new DaemonMetrics(config, options.version(), clocks.wall());
    state = new PublishedState(config, metrics, history, clocks);
    devices = new Devices(new DeviceProbe(options.worker()), clocks.nanos());
    gpus = new HostGpus(options.worker(), config.node(), devices, clocks.nanos());
    runner = new WorkerRunner(options.worker(), config.worker(), clocks, options.listener(), gpus);
    threads = new DeviceThreads(config.worker(), options.random(), runner, state, clocks);
  }

  /**
   * Starts a daemon. It listens when this returns; the first runs begin right after.
   *
   * @throws ConfigException if the configuration is wrong
   * @throws IOException if the address or the history folder is in use; the message is one line
   */
  public static Daemon start(Options options) throws ConfigException, IOException {
    ServeConfig config = options.source().read();
    // The address first: where another daemon has it, nothing of its history is touched.
    HttpService http = HttpService.start(config.http(), StatusRoutes.starting());
    History history;
    try {
      history = History.open(config.history(), options.clocks());
    } catch (IOException e) {
      try (http) {
        throw e;
      }
    }
    Daemon daemon = new Daemon(options, config, http, history);
    daemon.begin();
    return daemon;
  }

  private void begin() {
    metrics.configured(config, startedAt);
    metrics.certificateExpires(http.certificateExpiry());
    metrics.reloaded(true, startedAt);
    metrics.history(history.state(), config.history().folder().isPresent());
    capabilities();
    state.restore();
    events.started(options.version(), startedAt);
    state
        .series()
        .forEach(
            series ->
                events.driver(
                    series.key().device(),
                    series.profile().device().properties().get("driver"),
                    startedAt));
    watchNode();
    metrics.publish();
    RateLimit rate = new RateLimit(RunRequests.MOST_A_MINUTE, options.clocks().nanos());
    http.serve(
        new StatusRoutes(
                this::snapshot,
                metrics.exposition(),
                new Api(this::snapshot, history, events),
                new Imports(() -> config, history, state),
                new RunRequests(() -> config, threads, runner, history, options.clocks(), rate),
                () -> isPlanned,
                this::reload,
                new Recommendations(),
                new SecureRandom())
            .routes());
    config.warnings().forEach(logger::warn);
    ScheduledFuture<?> unused =
        housekeeping.scheduleWithFixedDelay(this::tick, 0, TICK_SECONDS, TimeUnit.SECONDS);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return http.address();
  }

  private void watchNode() {
    gpus.start(() -> threads.running().keySet(), this::nodeSampled);
    metrics.node(gpus.state());
  }

  private void nodeSampled(List<Event> came) {
    events.node(came);
    publishNode();
  }

  private void publishNode() {
    metrics.node(gpus.state());
    metrics.publish();
  }

  private void capabilities() {
    metrics.capability("history", config.history().folder().isPresent());
    metrics.capability("tls", config.http().tls().isPresent());
    metrics.capability("authentication", !config.http().users().isEmpty());
    metrics.capability("reload", config.http().reload());
    metrics.capability(
        "gpu", devices.known().stream().anyMatch(device -> device.kind().equals("cuda")));
  }

  /** Looks for new devices, old results and a disk that can be written again. */
  private void tick() {
    try {
      boolean isPlanOfDevices = TargetPlan.needsDevices(config);
      if (!isPlanned && !isPlanOfDevices) {
        plan();
      }
      List<String> before = devices.ids();
      boolean isListed = devices.refresh();
      if (isListed) {
        metrics.devices(devices.known());
        capabilities();
        Instant now = options.clocks().wall().instant();
        for (String id : devices.ids()) {
          events.driver(id, devices.properties(id).get("driver"), now);
        }
      }
      if (!isPlanned || (isPlanOfDevices && !devices.ids().equals(before))) {
        plan();
      }
      if (gpus.tick()) {
        publishNode();
      }
      boolean isExpired = state.expire();
      boolean isWaiting = history.state().pending() > 0;
      if (isWaiting) {
        history.flush();
      }
      if (isListed || isExpired || isWaiting) {
        metrics.history(history.state(), config.history().folder().isPresent());
        metrics.publish();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      // Also of a lack of threads: the executor would silently never call again.
      logger.error("housekeeping failed", e);
    }
  }

  private synchronized void plan() {
    List<Target> targets = TargetPlan.of(config, devices.known());
    // The state first: from here on no run that ends brings back what the metrics then remove.
    state.configured(config, targets);
    metrics.configured(config, options.clocks().wall().instant());
    Set<String> used = targets.stream().map(Target::device).collect(Collectors.toSet());
    usedDevices.stream().filter(device -> !used.contains(device)).forEach(metrics::deviceUnused);
    usedDevices = used;
    capabilities();
    metrics.publish();
    threads.replace(targets, config.worker());
    isPlanned = true;
  }

  /**
   * Reads the configuration again. A wrong one is reported and changes nothing.
   *
   * @return the problems, one line each; empty if the new configuration is in force
   */
  public synchronized List<String> reload() {
    try {
      take(options.source().read());
      return List.of();
    } catch (ConfigException e) {
      return refused(e.problems());
    } catch (IOException e) {
      return refused(List.of(String.valueOf(e.getMessage())));
    } catch (RuntimeException | Error e) {
      logger.error("reading the configuration again failed", e);
      return refused(List.of("an internal error, please report it: " + e));
    }
  }

  private void take(ServeConfig next) throws IOException {
    http.reload(next.http());
    if (!next.http().listen().equals(config.http().listen())
        || next.http().tls().isPresent() != config.http().tls().isPresent()
        || !next.history().folder().equals(config.history().folder())) {
      logger.warn("http.listen, http.tls and history.folder require a restart");
    }
    boolean isNodeChanged = !next.node().equals(config.node());
    config = next;
    reloadProblems = List.of();
    if (isNodeChanged) {
      gpus.rules(next.node());
      watchNode();
    }
    runner.rules(next.worker());
    history.bounds(next.history());
    metrics.certificateExpires(http.certificateExpiry());
    metrics.reloaded(true, options.clocks().wall().instant());
    plan();
    next.warnings().forEach(logger::warn);
    logger.info("configuration reloaded: {} workloads", next.workloads().size());
  }

  private List<String> refused(List<String> problems) {
    reloadProblems = problems;
    problems.forEach(problem -> logger.error("configuration not reloaded: {}", problem));
    metrics.reloaded(false, options.clocks().wall().instant());
    metrics.publish();
    return problems;
  }

  private Snapshot snapshot() {
    ServeConfig current = config;
    Map<String, Target> running = threads.running();
    Map<String, WorkloadState> workloads = new HashMap<>();
    for (Workload workload : current.workloads()) {
      OptionalDouble progress =
          running.values().stream()
              .filter(target -> target.workload().name().equals(workload.name()))
              .mapToDouble(target -> runner.step(target).done())
              .average();
      workloads.put(
          workload.name(),
          new WorkloadState(
              progress.isPresent() ? progress.getAsDouble() : null,
              threads.untilNext(workload.name()).orElse(null),
              state.lastRun(workload.name()),
              state.lastSuccess(workload.name())));
    }
    return new Snapshot(
        options.version(),
        startedAt,
        options.clocks().wall().instant(),
        current,
        reloadProblems,
        history.state(),
        state.series(),
        state.runs(),
        workloads,
        threads.devices().stream()
            .map(id -> new DeviceState(id, running.containsKey(id), threads.isQuarantined(id)))
            .toList(),
        gpus.state());
  }

  /** Ends all runs with their processes, then the server, then the history. */
  @Override
  public void close() throws IOException {
    housekeeping.shutdownNow();
    gpus.close();
    try (history;
        metrics;
        http) {
      threads.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
