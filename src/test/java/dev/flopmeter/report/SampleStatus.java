package dev.flopmeter.report;

import dev.flopmeter.report.StatusPage.DeviceHealth;
import dev.flopmeter.report.StatusPage.Health;
import dev.flopmeter.report.StatusPage.Latest;
import dev.flopmeter.report.StatusPage.RunEntry;
import dev.flopmeter.report.StatusPage.Sample;
import dev.flopmeter.report.StatusPage.Series;
import dev.flopmeter.report.StatusPage.View;
import dev.flopmeter.report.StatusPage.Workload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A made-up state of a daemon. */
final class SampleStatus {
  private SampleStatus() {}

  static final Instant NOW = Instant.parse("2026-01-02T12:00:00Z");

  static View view() {
    return view("resnet50-nightly");
  }

  static View view(String name) {
    return new View(
        "1.0.0",
        NOW,
        NOW.minusSeconds(500_000),
        List.of("the configuration was not reloaded: line 12: unknown key 'intervall'"),
        List.of(
            new Workload(
                name,
                "resnet50",
                Health.BUSY,
                "measuring",
                0.42,
                null,
                true,
                List.of(
                    series("bf16", 1, 0.0009, 1, 0.01),
                    series("bf16", 64, 0.0051, 2, 0.004),
                    series("fp32", 64, 0.021, 3, 0.09))),
            new Workload(
                "encoder",
                "models/encoder.onnx",
                Health.GOOD,
                "waiting",
                null,
                NOW.plusSeconds(740),
                true,
                List.of(series("fp16", 8, 0.0123, 4, -0.12))),
            new Workload(
                "new one",
                "resnet152",
                Health.BAD,
                "quarantined: out of memory",
                null,
                NOW.plusSeconds(7200),
                false,
                List.of(new Series("cuda:0", "cudnn", "bf16", 1024, null, List.of())))),
        List.of(
            new DeviceHealth(
                "cuda:0",
                "Sample GPU",
                Health.BUSY,
                "measuring",
                0.97,
                61.0,
                412.0,
                21_000_000_000L,
                141_000_000_000L),
            new DeviceHealth(
                "cpu", "Sample CPU", Health.GOOD, "free", null, null, null, null, null)),
        List.of(
            new RunEntry(NOW.minusSeconds(70), name, "cuda:0", Health.GOOD, "success", 14.2, ""),
            new RunEntry(
                NOW.minusSeconds(900),
                "new one",
                "cuda:0",
                Health.BAD,
                "device_error",
                3.1,
                "the device has 141 GB of memory, the plan needs 163 GB; use a smaller batch"),
            new RunEntry(
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
        new Latest(
            NOW.minusSeconds(1800),
            seed != 4,
            true,
            median * (1 + change),
            batch / median,
            8.2e9 * batch / median,
            0.2 + 0.05 * seed,
            change,
            seed == 2 ? 1 : 0),
        history);
  }
}
