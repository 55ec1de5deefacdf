package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.result.TopLayers;
import dev.flopmeter.serve.schedule.Target;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.Outcome;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metrics of the daemon: gauges through Micrometer, counters and histograms of the Prometheus
 * client, all in one registry; the JVM's and the process' are in another. Changes become visible
 * together at {@link #publish}. Where pushing is enabled, what is published is pushed, too.
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

  private static final double[] RUN_BUCKETS = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800};

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final PrometheusMeterRegistry micrometer;
  private final MeterTable gauges;
  private final Exposition exposition;
  private final @Nullable OtlpPush push;
  private final LatencySummary latencies = new LatencySummary(Catalogue.LATENCY);
  private final Histogram passes;
  private final Histogram runDurations;
  private final Counter inferences;
  private final Counter flop;
  private final Counter busy;
  private final Counter discarded;
  private final Counter deviceEnergy;
  private final Counter runs;
  private final Counter historyFailures;
  private final Counter historyLost;
  private final Info layerInfo;
  private final Info deviceInfo;
  private final Map<SeriesKey, List<String[]>> layerInfos = new HashMap<>();
  private final Map<String, String[]> deviceInfos = new HashMap<>();

  /** Devices of this host by their id, as they were listed last. */
  private final Map<String, DeviceState> listed = new HashMap<>();

  /** By device, the precisions whose peaks are those of a result; empty for the memory's. */
  private final Map<String, Set<String>> peaksOfResults = new HashMap<>();

  private final Set<String> workloads = new HashSet<>();
  private long seenFailures;
  private long seenLost;
  private Set<Part> leftOut = Set.of();

  public DaemonMetrics(ServeConfig config, String version) {
    this(config, version, ofThisProcess());
  }

  /** With other metrics of the process than the real ones. */
  DaemonMetrics(ServeConfig config, String version, PrometheusRegistry process) {
    exposition = new Exposition(registry, process);
    micrometer = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, registry, Clock.SYSTEM);
    micrometer.throwExceptionOnRegistrationFailure();
    gauges = new MeterTable(micrometer);
    registry.register(latencies);
    passes = histogram(Catalogue.DURATION, PASS_BUCKETS);
    runDurations = histogram(Catalogue.RUN_DURATION, RUN_BUCKETS);
    inferences = counter(Catalogue.INFERENCES);
    flop = counter(Catalogue.FLOP_TOTAL);
    busy = counter(Catalogue.BUSY);
    discarded = counter(Catalogue.DISCARDED);
    deviceEnergy = counter(Catalogue.DEVICE_ENERGY);
    runs = counter(Catalogue.RUNS);
    historyFailures = counter(Catalogue.HISTORY_FAILURES);
    historyLost = counter(Catalogue.HISTORY_LOST);
    layerInfo = info(Catalogue.LAYER_INFO);
    deviceInfo = info(Catalogue.DEVICE_INFO);
    info(Catalogue.BUILD).addLabelValues(version, System.getProperty("java.version"));
    push = config.otlp().enabled() ? pushing(config.otlp()) : null;
    capability(OTLP, push != null);
  }

  private static PrometheusRegistry ofThisProcess() {
    PrometheusRegistry process = new PrometheusRegistry();
    JvmMetrics.builder().register(process);
    return process;
  }

  private OtlpPush pushing(ServeConfig.Otlp otlp) {
    Counter failures = counter(Catalogue.OTLP_FAILURES);
    return new OtlpPush(
        otlp,
        isSuccess -> {
          if (!isSuccess) {
            failures.inc();
          }
          capability(OTLP, isSuccess);
          publish();
        });
  }

  private Histogram histogram(Metric metric, double[] buckets) {
    return Histogram.builder()
        .name(metric.name())
        .help(metric.help())
        .labelNames(metric.labels().toArray(String[]::new))
        .classicOnly()
        .classicUpperBounds(buckets)
        .register(registry);
  }

  /** The Prometheus client's, since Micrometer's has no created timestamp. */
  private Counter counter(Metric metric) {
    return Counter.builder()
        .name(metric.name())
        .help(metric.help())
        .labelNames(metric.labels().toArray(String[]::new))
        .register(registry);
  }

  private Info info(Metric metric) {
    return Info.builder()
        .name(metric.name())
        .help(metric.help())
        .labelNames(metric.labels().toArray(String[]::new))
        .register(registry);
  }

  /** What {@code /metrics} serves. */
  public Exposition exposition() {
    return exposition;
  }

  /** Makes all changes so far visible to scrapes, and to the next push. */
  public synchronized void publish() {
    Exposition.Published published = exposition.render();
    if (push != null) {
      push.show(published.snapshots());
    }
    Selection selection = published.selection();
    Set<Part> parts = Set.copyOf(selection.leftOut().keySet());
    // Numbers change with every run; a line is worth it where another part is left out.
    if (!parts.equals(leftOut)) {
      leftOut = parts;
      if (parts.isEmpty()) {
        logger.info("all series are published again");
      } else {
        logger.warn(
            "metrics.max_series leaves series out: {}; raise it, or lower metrics.layers",
            selection.describe());
      }
    }
  }

  /** Takes the workloads that are configured now; the series of others are removed. */
  public synchronized void configured(ServeConfig config, Instant now) {
    exposition.limit(
        new SeriesLimit(
            config.metrics().maxSeries(),
            config.workloads().stream().map(Workload::name).toList()));
    set(Catalogue.REGRESSION_THRESHOLD, config.history().regressionThreshold());
    Set<String> names = new HashSet<>();
    for (Workload workload : config.workloads()) {
      Tags tags = Tags.of("workload", workload.name());
      names.add(workload.name());
      for (Outcome outcome : Outcome.values()) {
        runs.initLabelValues(workload.name(), outcome.label());
      }
      runDurations.initLabelValues(workload.name());
      set(Catalogue.INTERVAL, tags, workload.interval().toMillis() / 1e3);
      if (!workloads.contains(workload.name())) {
        set(Catalogue.CONFIGURED, tags, now.toEpochMilli() / 1e3);
      }
    }
    workloads.removeAll(names);
    for (String gone : workloads) {
      List.of(runs, inferences, flop, busy, discarded)
          .forEach(counter -> counter.removeIf(values -> values.get(0).equals(gone)));
      runDurations.remove(gone);
      passes.removeIf(values -> values.get(0).equals(gone));
      Tags tags = Tags.of("workload", gone);
      List.of(Catalogue.INTERVAL, Catalogue.CONFIGURED, Catalogue.LAST_SUCCESS)
          .forEach(metric -> unset(metric, tags));
    }
    workloads.clear();
    workloads.addAll(names);
  }

  /**
   * Counts a new result, once. Of a result that is not valid only the samples it left out: its
   * times would make rates over the counters wrong.
   */
  public synchronized void count(Result result) {
    String[] labels = ResultRows.labelValues(result.key());
    ProfileResult profile = result.profile();
    Run run = profile.run();
    run.droppedSamples()
        .forEach(
            (reason, dropped) -> {
              String[] all = Arrays.copyOf(labels, labels.length + 1);
              all[labels.length] = reason;
              discarded.labelValues(all).inc(dropped);
            });
    if (!result.isValid()) {
      return;
    }
    List<Double> raw = run.rawSeconds() == null ? List.of() : run.rawSeconds();
    raw.forEach(seconds -> passes.labelValues(labels).observe(seconds));
    double inputs = (double) run.samples() * run.batch();
    inferences.labelValues(labels).inc(inputs);
    flop.labelValues(labels).inc(2.0 * profile.cost().macs() * run.samples());
    double seconds = raw.stream().mapToDouble(Double::doubleValue).sum();
    busy.labelValues(labels).inc(raw.isEmpty() ? run.samples() * result.median() : seconds);
    Double energy = profile.sensors() == null ? null : profile.sensors().energyJPerInference();
    if (energy != null) {
      deviceEnergy.labelValues(result.key().device()).inc(energy * inputs);
    }
  }

  /** Shows a result, in place of the one before it. Its layers are already the few to show. */
  public synchronized void show(PublishedResult shown) {
    Result result = shown.result();
    String device = result.key().device();
    gauges.replace(result.key(), ResultRows.of(shown));
    latencies.show(result);
    gauges.replace(List.of("sensors", device), DeviceRows.sensors(result));
    String precision = result.key().precision();
    peaksOfResults
        .computeIfAbsent(device, unseen -> new HashSet<>())
        .addAll(List.of(precision, ""));
    list(device);
    gauges.replace(List.of("peak", device, precision), DeviceRows.peakFlops(result));
    gauges.replace(List.of("peak", device, ""), DeviceRows.peakBytes(result));
    info(device, DeviceRows.info(result));
    forgetLayers(result.key());
    List<String[]> infos = new ArrayList<>();
    String[] labels = ResultRows.labelValues(result.key());
    for (Layer layer : result.profile().layers()) {
      String[] all = Arrays.copyOf(labels, labels.length + 5);
      all[labels.length] = layer.name();
      all[labels.length + 1] = layer.op();
      all[labels.length + 2] = bound(layer);
      all[labels.length + 3] = layer.kernel().algorithm();
      all[labels.length + 4] = orEmpty(layer.kernel().layout());
      layerInfo.addLabelValues(all);
      infos.add(all);
    }
    layerInfos.put(result.key(), infos);
  }

  private static String bound(Layer layer) {
    if (layer.name().equals(TopLayers.OTHER)) {
      return TopLayers.OTHER;
    }
    return layer.bound() == null ? "" : layer.bound().label();
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private void info(String device, String @Nullable [] told) {
    String[] before = told == null ? deviceInfos.remove(device) : deviceInfos.put(device, told);
    if (before != null) {
      deviceInfo.remove(before);
    }
    if (told != null) {
      deviceInfo.addLabelValues(told);
    }
  }

  /** Takes the devices that this host has now, with what is known of them without a result. */
  public synchronized void devices(List<DeviceState> now) {
    Set<String> gone = new HashSet<>(listed.keySet());
    listed.clear();
    now.forEach(device -> listed.put(device.id(), device));
    gone.removeAll(listed.keySet());
    gone.stream().filter(id -> !peaksOfResults.containsKey(id)).forEach(this::withdrawDevice);
    listed.keySet().forEach(this::list);
  }

  /** Shows what is known of a device without a result, but for what its results say. */
  private void list(String id) {
    DeviceState device = listed.get(id);
    Set<String> known = peaksOfResults.getOrDefault(id, Set.of());
    gauges.replace(
        List.of("listed", id), device == null ? List.of() : DeviceRows.peaks(device, known));
    if (known.isEmpty()) {
      info(id, device == null ? null : DeviceRows.info(device));
    }
  }

  private void forgetLayers(SeriesKey key) {
    List<String[]> infos = layerInfos.remove(key);
    if (infos != null) {
      infos.forEach(layerInfo::remove);
    }
  }

  /** Takes a result's series away; counters stay, since a counter that goes and comes lies. */
  public synchronized void withdraw(SeriesKey key) {
    gauges.remove(key);
    latencies.withdraw(key);
    forgetLayers(key);
  }

  /** Takes away what the results of a device say of it. */
  public synchronized void withdrawDevice(String device) {
    gauges.remove(List.of("sensors", device));
    Set<String> peaks = peaksOfResults.remove(device);
    if (peaks != null) {
      peaks.forEach(precision -> gauges.remove(List.of("peak", device, precision)));
    }
    list(device);
  }

  /** Counts a run. */
  public synchronized void run(String workload, Outcome outcome, Duration duration) {
    if (workloads.contains(workload)) {
      runs.labelValues(workload, outcome.label()).inc();
      if (!outcome.isNeutral()) {
        runDurations.labelValues(workload).observe(duration.toNanos() / 1e9);
      }
    }
  }

  /** Shows how many runs of a target have failed in a row. */
  public synchronized void failures(Target.Id target, int inARow) {
    set(Catalogue.FAILURES, tags(target), inARow);
  }

  /** A target that is no longer planned. */
  public synchronized void forget(Target.Id target) {
    unset(Catalogue.FAILURES, tags(target));
  }

  private static Tags tags(Target.Id target) {
    return Tags.of(
        "workload", target.workload(), "device", target.device(), "precision", target.precision());
  }

  public synchronized void lastSuccess(String workload, Instant at) {
    set(Catalogue.LAST_SUCCESS, Tags.of("workload", workload), at.toEpochMilli() / 1e3);
  }

  public synchronized void quarantined(String device, boolean isQuarantined) {
    set(Catalogue.QUARANTINED, Tags.of("device", device), isQuarantined ? 1 : 0);
  }

  /** A device that is no longer used. */
  public synchronized void deviceUnused(String device) {
    unset(Catalogue.QUARANTINED, Tags.of("device", device));
    withdrawDevice(device);
  }

  public synchronized void capability(String feature, boolean isThere) {
    set(Catalogue.CAPABILITY, Tags.of("feature", feature), isThere ? 1 : 0);
  }

  /** How reading the configuration went. */
  public synchronized void reloaded(boolean isGood, Instant at) {
    set(Catalogue.RELOAD_OK, isGood ? 1 : 0);
    if (isGood) {
      set(Catalogue.RELOAD_TIME, at.toEpochMilli() / 1e3);
    }
  }

  /** When the server's certificate expires; null without TLS. */
  public synchronized void certificateExpires(@Nullable Instant at) {
    if (at == null) {
      unset(Catalogue.CERTIFICATE, Tags.empty());
    } else {
      set(Catalogue.CERTIFICATE, at.toEpochMilli() / 1e3);
    }
  }

  /** How the history is; {@code isKept} is false where there is no folder. */
  public synchronized void history(History.State state, boolean isKept) {
    if (!isKept) {
      return;
    }
    set(Catalogue.HISTORY_RESULTS, state.results());
    set(Catalogue.HISTORY_SIZE, (double) state.bytes());
    set(Catalogue.HISTORY_PENDING, state.pending());
    set(Catalogue.HISTORY_DAMAGED, (double) state.dropped());
    set(Catalogue.HISTORY_WRITABLE, state.isWritable() ? 1 : 0);
    historyFailures.inc((double) (state.failedWrites() - seenFailures));
    historyLost.inc((double) (state.lost() - seenLost));
    seenFailures = state.failedWrites();
    seenLost = state.lost();
  }

  private void set(Metric metric, double value) {
    set(metric, Tags.empty(), value);
  }

  private void set(Metric metric, Tags tags, double value) {
    gauges.replace(List.of(metric.name(), tags), List.of(new Row(metric, tags, value)));
  }

  private void unset(Metric metric, Tags tags) {
    gauges.remove(List.of(metric.name(), tags));
  }

  @Override
  public void close() {
    if (push != null) {
      push.close();
    }
    micrometer.close();
  }
}
