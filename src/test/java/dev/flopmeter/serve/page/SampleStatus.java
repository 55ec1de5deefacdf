package dev.flopmeter.serve.page;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Attainable;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.result.ProfileResult.Throughput;
import dev.flopmeter.result.ProfileResult.Totals;
import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.metrics.PublishedResult;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.serve.page.Recommendations.Recommendation;
import dev.flopmeter.serve.page.Snapshot.DeviceState;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.worker.Outcome;
import dev.flopmeter.serve.worker.Target;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An invented state of a daemon, and its parts. */
public final class SampleStatus {
  private SampleStatus() {}

  static final Instant NOW = Instant.parse("2026-01-02T12:00:00Z");

  private static final String SETTLED = "the times did not settle in 24 warm-up runs";
  private static final String TOO_LARGE =
      "the device has 141 GB of memory, the plan needs 163 GB; use a smaller batch";
  private static final WorkloadState IDLE = new WorkloadState(null, null, null, null);
  private static final Sensors BUSY =
      new Sensors(
          null,
          null,
          412.0,
          null,
          null,
          61.0,
          0.97,
          21_000_000_000L,
          null,
          null,
          null,
          List.of(),
          Map.of());

  /** A workload as in the empty configuration. */
  static Workload workload(String name, String model) {
    Workload one = standard().workloads().get(0);
    return new Workload(
        name,
        model,
        one.devices(),
        one.backend(),
        one.precisions(),
        one.batches(),
        one.inputs(),
        one.layout(),
        one.fuse(),
        one.search(),
        one.imported(),
        one.interval(),
        one.jitter(),
        one.maxTime(),
        one.timeout(),
        one.gate());
  }

  private static ServeConfig standard() {
    try {
      return new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty()).standard();
    } catch (ConfigException e) {
      throw new IllegalStateException(e);
    }
  }

  static EndedRun run(
      Workload workload, Duration ago, Outcome outcome, Duration took, String detail) {
    Target target = new Target(workload, "cuda:0", "fp32");
    return new EndedRun(NOW.minus(ago), target, outcome, took, detail);
  }

  /** A daemon with these workloads; those without a state are idle. */
  static Snapshot snapshot(
      List<Workload> workloads,
      Map<String, WorkloadState> states,
      List<Series> series,
      List<EndedRun> runs,
      List<DeviceState> devices,
      List<String> problems) {
    ServeConfig one = standard();
    ServeConfig config =
        new ServeConfig(
            one.http(),
            workloads,
            one.worker(),
            one.history(),
            one.logFormat(),
            one.metrics(),
            one.otlp(),
            one.node(),
            one.servers());
    Map<String, WorkloadState> all = new HashMap<>();
    workloads.forEach(
        workload -> all.put(workload.name(), states.getOrDefault(workload.name(), IDLE)));
    return new Snapshot(
        "1.0.0",
        NOW.minusSeconds(500_000),
        NOW,
        config,
        problems,
        new History.State(true, 10, 10_000, 0, 0, 0, 0),
        series,
        runs,
        all,
        devices,
        new NodeState(
            config.node(), List.of(), List.of(), List.of(), Set.of(), "", false, Map.of()));
  }

  /** The rate that the roofline allows, the same for every series. */
  private static final Shares ATTAINABLE = new Shares(0.74, 0.9, null);

  /** A result's device, shares and validity. */
  record Told(
      String device,
      String name,
      boolean isEmulated,
      Shares mfu,
      boolean isValid,
      List<String> warnings,
      @Nullable Sensors sensors) {}

  /**
   * A series.
   *
   * @param change against the baseline; null without one
   */
  static Series series(
      String workload,
      Precision precision,
      long batch,
      double seconds,
      Told told,
      boolean isFresh,
      @Nullable Double change,
      List<Double> past) {
    boolean isGpu = told.device().startsWith("cuda");
    ProfileResult profile =
        new ProfileResult(
            new ModelInfo("m", "test", 20, List.of()),
            new Device(
                isGpu ? DeviceKind.CUDA : DeviceKind.CPU,
                told.device(),
                told.name(),
                Map.of(),
                told.isEmulated()),
            new Run(
                isGpu ? "cudnn" : "djl",
                precision,
                "auto",
                batch,
                true,
                40,
                Map.of(),
                10,
                "noise settled",
                NOW.minusSeconds(1800),
                null),
            new Environment("1", "17", "Linux", Map.of()),
            new Totals(4_100_000_000L * batch, 8_300_000_000L * batch, 10, 1000, 100, 100, null),
            new Latency(
                seconds,
                seconds,
                seconds,
                seconds,
                null,
                null,
                null,
                null,
                new Interval(seconds, seconds),
                0.01),
            new Throughput(batch / seconds, 8.2e9 * batch / seconds),
            new Efficiency(
                told.mfu(), Shares.NONE, null, new Attainable(1e14, Basis.MEASURED, ATTAINABLE)),
            List.of(),
            null,
            null,
            null,
            null,
            null,
            null,
            Roofs.NONE,
            told.sensors(),
            told.isValid(),
            told.warnings());
    Result result = Result.of(workload, profile);
    List<HistoryEntry> entries = new ArrayList<>();
    for (int i = 0; i < past.size(); i++) {
      boolean isValid = past.get(i) > 0;
      double median = Math.abs(past.get(i));
      Instant at = NOW.minusSeconds(1800L * (past.size() - i));
      entries.add(new HistoryEntry(i, at, at, result.key(), isValid, median));
    }
    Double baseline = change == null ? null : Double.valueOf(seconds / (1 + change));
    return new Series(
        new PublishedResult(result, false, baseline),
        new HistoryEntry(past.size(), NOW, NOW, result.key(), told.isValid(), seconds),
        isFresh,
        entries);
  }

  public static Snapshot view() {
    return view("resnet50-nightly");
  }

  static Snapshot view(String name) {
    Workload first = workload(name, "resnet50");
    Workload encoder = workload("encoder", "models/encoder.onnx");
    Workload failing = workload("new one", "resnet152");
    EndedRun good =
        run(first, Duration.ofSeconds(70), Outcome.SUCCESS, Duration.ofMillis(14_200), "");
    EndedRun bad =
        run(
            failing,
            Duration.ofMinutes(15),
            Outcome.DEVICE_FAILED,
            Duration.ofMillis(3100),
            TOO_LARGE);
    return snapshot(
        List.of(first, encoder, failing),
        Map.of(
            name,
            new WorkloadState(0.42, null, good, NOW),
            "encoder",
            new WorkloadState(null, Duration.ofSeconds(740), null, NOW),
            "new one",
            new WorkloadState(null, Duration.ofHours(2), bad, null)),
        List.of(
            series(name, Precision.BF16, 1, 0.0009, 1, 0.01),
            series(name, Precision.BF16, 64, 0.0051, 2, 0.004),
            series(name, Precision.FP32, 64, 0.021, 3, 0.09),
            series("encoder", Precision.FP16, 8, 0.0123, 4, -0.12),
            withoutRoof()),
        List.of(
            good,
            bad,
            run(
                encoder,
                Duration.ofSeconds(9000),
                Outcome.SKIPPED_BUSY,
                Duration.ofMillis(20),
                "utilization 64 %, the limit is 10 %")),
        List.of(new DeviceState("cuda:0", true, false), new DeviceState("cpu", false, false)),
        List.of("the configuration was not reloaded: line 12: unknown key 'intervall'"));
  }

  /** On a processor whose roof has not been measured. */
  private static Series withoutRoof() {
    Told told = new Told("cpu", "Sample CPU", false, Shares.NONE, true, List.of(), null);
    return series("encoder", Precision.FP32, 1, 0.04, told, true, null, List.of());
  }

  /** For the first series of a snapshot. */
  public static Recommendation recommendation(Snapshot snapshot) {
    return new Recommendation(
        snapshot.series().get(0),
        new Advice(
            "GRAPH",
            "Replay a captured CUDA graph in production",
            "A pass takes 6.1 ms launched step by step and 5.1 ms replayed as a graph, as measured"
                + " here.",
            "16 % of the time, for a program that launches step by step",
            "flopmeter profile resnet50 --device cuda:0 --backend cudnn --batch 64",
            false,
            0.16));
  }

  /** The third is not valid, the second has a warning, the fourth is old. */
  private static Series series(
      String workload, Precision precision, long batch, double median, long seed, double change) {
    Random random = new Random(seed);
    List<Double> past = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      double drift = i > 45 ? change : 0;
      past.add((i == 20 ? -1 : 1) * median * (1 + drift + 0.01 * random.nextGaussian()));
    }
    double share = 0.2 + 0.05 * seed;
    List<String> warnings =
        seed == 3
            ? List.of("the samples scatter by 31 % (IQR over median), more than 25 %", SETTLED)
            : seed == 2 ? List.of(SETTLED) : List.of();
    Shares mfu = new Shares(share, 1.2 * share, 1.05 * share);
    Told told = new Told("cuda:0", "Sample GPU", false, mfu, seed != 3, warnings, BUSY);
    return series(workload, precision, batch, median * (1 + change), told, seed != 4, change, past);
  }
}
