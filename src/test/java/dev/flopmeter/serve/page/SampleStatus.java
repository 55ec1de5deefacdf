package dev.flopmeter.serve.page;

import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.serve.page.StatusView.Device;
import dev.flopmeter.serve.page.StatusView.Health;
import dev.flopmeter.serve.page.StatusView.Latest;
import dev.flopmeter.serve.page.StatusView.Recommendation;
import dev.flopmeter.serve.page.StatusView.Run;
import dev.flopmeter.serve.page.StatusView.Sample;
import dev.flopmeter.serve.page.StatusView.Series;
import dev.flopmeter.serve.page.StatusView.Workload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A made-up state of a daemon. */
public final class SampleStatus {
  private SampleStatus() {}

  static final Instant NOW = Instant.parse("2026-01-02T12:00:00Z");

  private static final String SETTLED = "the 24 warm-up runs did not settle";

  /** On a processor whose roof nobody has measured. */
  private static Series withoutRoof() {
    Latest latest =
        new Latest(
            NOW.minusSeconds(60), true, true, false, 0.04, 25, 2e11, Shares.NONE, null, List.of());
    return new Series("cpu", "djl", "fp32", 1, latest, List.of());
  }

  public static StatusView view() {
    return view("resnet50-nightly");
  }

  static StatusView view(String name) {
    return new StatusView(
        "1.0.0",
        NOW,
        NOW.minusSeconds(500_000),
        List.of("the configuration was not reloaded: line 12: unknown key 'intervall'"),
        new Recommendation(
            name + ", bf16, batch 64",
            "Replay a captured CUDA graph in production",
            "A pass takes 6.1 ms launched step by step and 5.1 ms replayed as a graph, as measured"
                + " here.",
            "16 % of the time, for a program that launches step by step"),
        List.of(
            new Workload(
                name,
                "resnet50",
                Health.BUSY,
                "measuring",
                "",
                0.42,
                null,
                List.of(
                    series("bf16", 1, 0.0009, 1, 0.01),
                    series("bf16", 64, 0.0051, 2, 0.004),
                    series("fp32", 64, 0.021, 3, 0.09))),
            new Workload(
                "encoder",
                "models/encoder.onnx",
                Health.GOOD,
                "waiting",
                "",
                null,
                NOW.plusSeconds(740),
                List.of(series("fp16", 8, 0.0123, 4, -0.12), withoutRoof())),
            new Workload(
                "new one",
                "resnet152",
                Health.BAD,
                "quarantined: out of memory",
                "the device has 141 GB of memory, the plan needs 163 GB; use a smaller batch",
                null,
                NOW.plusSeconds(7200),
                List.of())),
        List.of(
            new Device(
                "cuda:0",
                "Sample GPU",
                Health.BUSY,
                "measuring",
                false,
                0.97,
                61.0,
                412.0,
                21_000_000_000L),
            new Device("cpu", "Sample CPU", Health.GOOD, "free", false, null, null, null, null)),
        List.of(
            new Run(NOW.minusSeconds(70), name, "cuda:0", Health.GOOD, "success", 14.2, ""),
            new Run(
                NOW.minusSeconds(900),
                "new one",
                "cuda:0",
                Health.BAD,
                "device_error",
                3.1,
                "the device has 141 GB of memory, the plan needs 163 GB; use a smaller batch"),
            new Run(
                NOW.minusSeconds(9000),
                "encoder",
                "cuda:0",
                Health.IDLE,
                "skipped_busy",
                0.02,
                "utilization 64 %, the limit is 10 %")));
  }

  private static Series series(
      String precision, long batch, double median, long seed, double change) {
    Random random = new Random(seed);
    List<Sample> history = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      double drift = i > 45 ? change : 0;
      history.add(
          new Sample(
              NOW.minusSeconds(1800L * (60 - i)),
              median * (1 + drift + 0.01 * random.nextGaussian()),
              i != 20));
    }
    return new Series(
        "cuda:0",
        "cudnn",
        precision,
        batch,
        latest(batch, median * (1 + change), seed, change),
        history);
  }

  /** The third is not valid, the second has a warning, the fourth is old. */
  private static Latest latest(long batch, double median, long seed, double change) {
    double share = 0.2 + 0.05 * seed;
    return new Latest(
        NOW.minusSeconds(1800),
        seed != 4,
        seed != 3,
        false,
        median,
        batch / median,
        8.2e9 * batch / median,
        new Shares(share, 1.2 * share, 1.05 * share),
        change,
        seed == 3
            ? List.of("the samples scatter by 31 % (IQR over median), more than 25 %", SETTLED)
            : seed == 2 ? List.of(SETTLED) : List.of());
  }
}
