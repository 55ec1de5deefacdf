package dev.flopmeter.result;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.result.ProfileResult.Throughput;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.result.ProfileResult.Totals;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A minimal result: an invented network of 1 GMAC on the CPU. */
public final class SampleResult {
  private SampleResult() {}

  /** Four passes of {@code seconds} each. */
  public static ProfileResult of(
      Instant startedAt, double seconds, boolean isValid, List<Layer> layers) {
    return new ProfileResult(
        new ModelInfo("m", "test", 20, List.of()),
        new Device(DeviceKind.CPU, "cpu", "Test CPU", Map.of(), false),
        new Run(
            "djl",
            Precision.FP32,
            "auto",
            1,
            true,
            4,
            Map.of(),
            10,
            "noise settled",
            startedAt,
            List.of(seconds, seconds, seconds, seconds)),
        new Environment("1", "17", "Linux", Map.of()),
        new Totals(1_000_000_000, 2_000_000_000, 10, 1000, 100, 100, null),
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
        new Throughput(1 / seconds, 2e9 / seconds),
        new Efficiency(Shares.NONE, Shares.NONE, null, null),
        layers,
        null,
        null,
        null,
        null,
        null,
        null,
        Roofs.NONE,
        null,
        isValid,
        List.of());
  }

  /** A convolution that took {@code seconds}, of 10 MACs and 20 FLOPs. */
  public static Layer layer(String name, double seconds) {
    return new Layer(
        name,
        "Conv",
        List.of(name),
        new Cost(10, 20, 1, 8, 4),
        new Time(seconds, seconds, seconds, seconds),
        20 / seconds,
        null,
        Bound.COMPUTE,
        null,
        0.5,
        new KernelInfo("gemm", "nchw", null, null),
        null,
        null);
  }
}
