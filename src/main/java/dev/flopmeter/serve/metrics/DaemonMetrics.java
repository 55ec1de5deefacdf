package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.ServerGpu;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.Target;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metrics of the daemon. Changes become visible together at {@link #publish}. Where pushing is
 * enabled, what is published is pushed, too.
 *
 * <p>Thread-safe.
 */
public final class DaemonMetrics implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(DaemonMetrics.class);

  /** 50 us to 5 s, three a decade. */
  private static final double[] PASS_BUCKETS = {
    5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5
  };

  private static final String OTLP = "otlp";
  private static final String PUSH_FAILURES = "flopmeter_otlp_push_failures_total";
  private static final String RUNS = "flopmeter_runs_total";

  private static final double[] RUN_BUCKETS = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800};

  private final PrometheusRegistry histograms = new PrometheusRegistry();
  private final SeriesTable series = new SeriesTable();
  private final Exposition exposition;
  private final @Nullable OtlpPush push;
  private final Histogram passes;
  private final Histogram runDurations;

  /** Devices of this host by their id, as they were listed last. */
  private final Map<String, DeviceState> listed = new HashMap<>();

  /** By device, the precisions whose peaks are those of a result; empty for the memory's. */
  private final Map<String, Set<String>> peaksOfResults = new HashMap<>();

  private final Set<String> workloads = new HashSet<>();
  private Set<Part> leftOut = Set.of();
  private List<Row> hardware = List.of();

  public DaemonMetrics(ServeConfig config, String version, InstantSource clock) {
    this(config, version, clock, ofThisProcess());
  }

  /** With other metrics of the process than the real ones. */
  DaemonMetrics(
      ServeConfig config, String version, InstantSource clock, PrometheusRegistry process) {
    exposition = new Exposition(clock, series, histograms, process);
    String kinds = config.metrics().histograms();
    passes = histogram("flopmeter_inference_duration_seconds", kinds, PASS_BUCKETS);
    runDurations = histogram("flopmeter_run_duration_seconds", kinds, RUN_BUCKETS);
    set("flopmeter_history_write_failures_total", 0);
    set("flopmeter_history_lost_results_total", 0);
    String java = System.getProperty("java.version");
    set("flopmeter_build_info", Labels.of("version", version, "java", java), 1);
    push = config.otlp().enabled() ? pushing(config.otlp()) : null;
    capability(OTLP, push != null);
  }

  private static PrometheusRegistry ofThisProcess() {
    PrometheusRegistry process = new PrometheusRegistry();
    JvmMetrics.builder().register(process);
    return process;
  }

  private OtlpPush pushing(ServeConfig.Otlp otlp) {
    set(PUSH_FAILURES, 0);
    return new OtlpPush(
        otlp,
        isSuccess -> {
          increase(PUSH_FAILURES, Labels.EMPTY, isSuccess ? 0 : 1);
          capability(OTLP, isSuccess);
          publish();
        });
  }

  private Histogram histogram(String name, String kinds, double[] buckets) {
    Metric metric = Metric.named(name);
    Histogram.Builder histogram =
        Histogram.builder()
            .name(metric.name())
            .help(metric.help())
            .labelNames(metric.labels().toArray(String[]::new))
            .classicUpperBounds(buckets);
    switch (kinds) {
      case "classic" -> histogram.classicOnly();
      case "native" -> histogram.nativeOnly();
      default -> {} // both
    }
    return histogram.register(histograms);
  }

  /** What {@code /metrics} serves. */
  public Exposition exposition() {
    return exposition;
  }

  /** Makes all changes so far visible to scrapes, and to the next push. */
  public synchronized void publish() {
    Exposition.Published published = exposition.render();
    if (push != null) {
      push.show(published.rows(), hardware);
    }
    Selection selection = published.selection();
    Set<Part> parts = Set.copyOf(selection.leftOut().keySet());
    // Numbers change with every run; a line is only logged if another part is left out.
    if (!parts.equals(leftOut)) {
      leftOut = parts;
      if (parts.isEmpty()) {
        logger.info("all series are published again");
      } else {
        logger.warn(
            "metrics.max_series omits series: {}; increase it, or decrease metrics.layers",
            selection.describe());
      }
    }
  }

  /** Applies the configured workloads; the series of others are removed. */
  public synchronized void configured(ServeConfig config, Instant now) {
    exposition.limit(
        new SeriesLimit(
            config.metrics().maxSeries(),
            config.workloads().stream().map(Workload::name).toList()));
    set("flopmeter_history_regression_threshold_ratio", config.history().regressionThreshold());
    series.replace("servers", servers(config.servers()));
    Set<String> names = new HashSet<>();
    for (Workload workload : config.workloads()) {
      configured(workload, now);
      names.add(workload.name());
    }
    workloads.removeAll(names);
    for (String gone : workloads) {
      series.removeIf(row -> gone.equals(row.labels().get("workload")));
      runDurations.remove(gone);
      passes.removeIf(values -> values.get(0).equals(gone));
    }
    workloads.clear();
    workloads.addAll(names);
  }

  private static List<Row> servers(List<ServerGpu> gpus) {
    List<Row> servers = new ArrayList<>();
    for (ServerGpu gpu : gpus) {
      Labels labels =
          Labels.of(
              "server_instance", gpu.instance(),
              "server_job", gpu.job(),
              "server_model", gpu.model(),
              "uuid", gpu.uuid(),
              "precision", gpu.precision());
      Row.add(servers, "flopmeter_server_gpu_info", labels, 1);
    }
    return servers.stream().distinct().toList();
  }

  private void configured(Workload workload, Instant now) {
    Labels labels = Labels.of("workload", workload.name());
    for (Outcome outcome : Outcome.values()) {
      increase(RUNS, labels.add("outcome", outcome.label()), 0);
    }
    runDurations.initLabelValues(workload.name());
    // Of imported results, nothing is measured at intervals, so that none is late.
    Double interval = workload.imported() ? null : workload.interval().toMillis() / 1e3;
    set("flopmeter_workload_interval_seconds", labels, interval);
    if (!workloads.contains(workload.name())) {
      set("flopmeter_workload_configured_timestamp_seconds", labels, seconds(now));
    }
  }

  /**
   * Counts a new result, once. For an invalid result only the discarded samples count, because its
   * times would make rates over the counters wrong.
   */
  public synchronized void count(Result result) {
    Labels labels = ResultRows.labels(result.key());
    ProfileResult profile = result.profile();
    Run run = profile.run();
    String discarded = "flopmeter_measurement_discarded_total";
    run.droppedSamples()
        .forEach((reason, count) -> increase(discarded, labels.add("reason", reason), count));
    if (!result.isValid()) {
      return;
    }
    List<Double> raw = run.rawSeconds() == null ? List.of() : run.rawSeconds();
    String[] values = ResultRows.labelValues(result.key());
    raw.forEach(seconds -> passes.labelValues(values).observe(seconds));
    double inputs = (double) run.samples() * run.batch();
    double seconds =
        raw.isEmpty()
            ? run.samples() * result.median()
            : raw.stream().mapToDouble(Double::doubleValue).sum();
    increase("flopmeter_inferences_total", labels, inputs);
    increase("flopmeter_inference_flop_total", labels, 2.0 * profile.cost().macs() * run.samples());
    increase("flopmeter_model_busy_seconds_total", labels, seconds);
    Double energy = profile.sensors() == null ? null : profile.sensors().energyJPerInference();
    if (energy != null) {
      Labels device = Labels.of("device", result.key().device());
      increase("flopmeter_device_energy_joules_total", device, energy * inputs);
    }
  }

  /** Shows a result, in place of the one before it. Its layers are already the few to show. */
  public synchronized void show(PublishedResult shown) {
    SeriesKey key = shown.result().key();
    peaksOfResults
        .computeIfAbsent(key.device(), unseen -> new HashSet<>())
        .addAll(List.of(key.precision(), ""));
    list(key.device());
    ResultRows.show(series, shown);
  }

  /** Sets the devices of this host, with the facts that are known without a result. */
  public synchronized void devices(List<DeviceState> now) {
    Set<String> gone = new HashSet<>(listed.keySet());
    listed.clear();
    now.forEach(device -> listed.put(device.id(), device));
    gone.removeAll(listed.keySet());
    gone.stream().filter(id -> !peaksOfResults.containsKey(id)).forEach(this::withdrawDevice);
    listed.keySet().forEach(this::list);
  }

  /** Shows what is known of a device without a result, except for what its results say. */
  private void list(String id) {
    DeviceState device = listed.get(id);
    Set<String> known = peaksOfResults.getOrDefault(id, Set.of());
    series.replace(
        List.of("listed", id), device == null ? List.of() : DeviceRows.peaks(device, known));
    if (known.isEmpty()) {
      series.replace(
          List.of("info", id), device == null ? List.of() : List.of(DeviceRows.info(device)));
    }
  }

  /** Removes a result's series; counters stay, since one that disappears and returns is wrong. */
  public synchronized void withdraw(SeriesKey key) {
    series.remove(key);
  }

  /** Removes the series that a device's results provide. */
  public synchronized void withdrawDevice(String device) {
    series.remove(List.of("sensors", device));
    Set<String> peaks = peaksOfResults.remove(device);
    if (peaks != null) {
      peaks.forEach(precision -> series.remove(List.of("peak", device, precision)));
    }
    list(device);
  }

  /** Shows the current state of this host's GPUs. */
  public synchronized void node(NodeState node) {
    series.replace("node", NodeRows.of(node));
    hardware = HardwareRows.of(node);
    if (node.rules().interval().isPresent()) {
      capability("node", !node.gpus().isEmpty() && node.problem().isEmpty());
    }
  }

  public synchronized void run(String workload, Outcome outcome, Duration duration) {
    if (workloads.contains(workload)) {
      increase(RUNS, Labels.of("workload", workload, "outcome", outcome.label()), 1);
      if (!outcome.isNeutral()) {
        runDurations.labelValues(workload).observe(duration.toNanos() / 1e9);
      }
    }
  }

  /** Shows how many runs of a target have failed in a row. */
  public synchronized void failures(Target.Id target, int inARow) {
    set("flopmeter_workload_consecutive_failures", labels(target), inARow);
  }

  /** A target that is no longer planned. */
  public synchronized void forget(Target.Id target) {
    set("flopmeter_workload_consecutive_failures", labels(target), null);
  }

  private static Labels labels(Target.Id target) {
    return Labels.of(
        "workload", target.workload(), "device", target.device(), "precision", target.precision());
  }

  public synchronized void lastSuccess(String workload, Instant at) {
    Labels labels = Labels.of("workload", workload);
    set("flopmeter_last_success_timestamp_seconds", labels, seconds(at));
  }

  public synchronized void quarantined(String device, boolean isQuarantined) {
    set("flopmeter_device_quarantined", Labels.of("device", device), isQuarantined ? 1 : 0);
  }

  /** A device that is no longer used. */
  public synchronized void deviceUnused(String device) {
    set("flopmeter_device_quarantined", Labels.of("device", device), null);
    withdrawDevice(device);
  }

  public synchronized void capability(String feature, boolean isThere) {
    set("flopmeter_capability", Labels.of("feature", feature), isThere ? 1 : 0);
  }

  /** How reading the configuration went. */
  public synchronized void reloaded(boolean isGood, Instant at) {
    set("flopmeter_config_last_reload_successful", isGood ? 1 : 0);
    if (isGood) {
      set("flopmeter_config_last_reload_success_timestamp_seconds", seconds(at));
    }
  }

  /** When the server's certificate expires; null without TLS. */
  public synchronized void certificateExpires(@Nullable Instant at) {
    Double expiry = at == null ? null : seconds(at);
    set("flopmeter_tls_certificate_expiry_timestamp_seconds", Labels.EMPTY, expiry);
  }

  /** State of the history; {@code isKept} is false where there is no folder. */
  public synchronized void history(History.State state, boolean isKept) {
    if (!isKept) {
      return;
    }
    set("flopmeter_history_results", state.results());
    set("flopmeter_history_size_bytes", (double) state.bytes());
    set("flopmeter_history_pending_results", state.pending());
    set("flopmeter_history_damaged_records", (double) state.dropped());
    set("flopmeter_history_writable", state.isWritable() ? 1 : 0);
    set("flopmeter_history_write_failures_total", (double) state.failedWrites());
    set("flopmeter_history_lost_results_total", (double) state.lost());
  }

  private static double seconds(Instant at) {
    return at.toEpochMilli() / 1e3;
  }

  private void set(String metric, double value) {
    set(metric, Labels.EMPTY, value);
  }

  /** Makes this the value of a series; null for none. */
  private void set(String metric, Labels labels, @Nullable Number value) {
    List<Row> rows = new ArrayList<>();
    Row.add(rows, metric, labels, value);
    series.replace(List.of(Metric.named(metric), labels), rows);
  }

  private void increase(String metric, Labels labels, double by) {
    series.increase(new Row(Metric.named(metric), labels, by));
  }

  @Override
  public void close() {
    if (push != null) {
      push.close();
    }
  }
}
