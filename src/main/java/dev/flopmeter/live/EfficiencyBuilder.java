package dev.flopmeter.live;

import dev.flopmeter.device.Datasheet;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Describes what a {@link ModelEfficiency} runs on; everything except the model has a default. */
public final class EfficiencyBuilder {
  private static final String DATASHEET = "datasheet";

  private final String model;
  private final BiFunction<@Nullable Long, String, CallCosts> costs;
  private final List<DevicePeak> peaks = new ArrayList<>();
  private String workload;
  private String device = "cpu";
  private @Nullable String driverName;
  private String backend = "pytorch";
  private String precision = "fp32";
  private Timing timing = Timing.HOST;
  private Duration window = Duration.ofMinutes(1);
  private LongSupplier clock = System::nanoTime;
  private @Nullable Long batch;

  EfficiencyBuilder(String model, BiFunction<@Nullable Long, String, CallCosts> costs) {
    this.model = model;
    this.workload = model;
    this.costs = costs;
  }

  /** Name for the label {@code workload}; default: the model's. */
  public EfficiencyBuilder workload(String name) {
    this.workload = name;
    return this;
  }

  /** A device without a known peak, unless {@link #peak} gives one. */
  public EfficiencyBuilder device(String id) {
    this.device = id;
    return this;
  }

  /**
   * A device by the name that its driver reports, such as {@code NVIDIA H200}. Its datasheet gives
   * the peak of the precision; a name without a datasheet has none, so only utilisation is absent.
   */
  public EfficiencyBuilder device(String id, String driverName) {
    this.device = id;
    this.driverName = driverName;
    return this;
  }

  /** A peak to compare with; one per basis. */
  public EfficiencyBuilder peak(DevicePeak peak) {
    if (peaks.stream().anyMatch(known -> known.basis().equals(peak.basis()))) {
      throw new IllegalArgumentException("a second peak of the basis '" + peak.basis() + "'");
    }
    peaks.add(peak);
    return this;
  }

  /** The precision that the matrix units really use; default: fp32. */
  public EfficiencyBuilder precision(String label) {
    this.precision = label;
    return this;
  }

  /** The runtime of the model; default: pytorch. */
  public EfficiencyBuilder backend(String label) {
    this.backend = label;
    return this;
  }

  /** The fixed batch of all calls; default: any. */
  public EfficiencyBuilder batch(long only) {
    if (only < 1) {
      throw new IllegalArgumentException("a batch of " + only + "; it must be at least 1");
    }
    this.batch = only;
    return this;
  }

  /** How the recorded times are measured; default: on the host. */
  public EfficiencyBuilder timing(Timing how) {
    this.timing = how;
    return this;
  }

  /** The window of rates and latencies; default: a minute. */
  public EfficiencyBuilder window(Duration length) {
    this.window = length;
    return this;
  }

  /** Monotonic nanoseconds; default: {@link System#nanoTime}. */
  public EfficiencyBuilder clock(LongSupplier nanos) {
    this.clock = nanos;
    return this;
  }

  /** Returns it ready to record; {@link ModelEfficiency#bindTo} publishes it. */
  public ModelEfficiency build() {
    List<DevicePeak> all = new ArrayList<>(peaks);
    if (peaks.stream().noneMatch(peak -> peak.basis().equals(DATASHEET))) {
      datasheetPeak().ifPresent(all::add);
    }
    return new ModelEfficiency(
        new Workload(workload, model, device, backend, precision, timing, all, window, clock),
        costs.apply(batch, precision));
  }

  private Optional<DevicePeak> datasheetPeak() {
    return Optional.ofNullable(driverName)
        .flatMap(name -> Datasheet.load().find(name))
        .flatMap(
            card ->
                Optional.ofNullable(card.flopsPerSecond().get(precision))
                    .map(flops -> new DevicePeak(DATASHEET, flops, card.bytesPerSecond())));
  }

  /** Returns it ready to record, and published in a registry. */
  public ModelEfficiency bindTo(MeterRegistry registry) {
    ModelEfficiency efficiency = build();
    efficiency.bindTo(registry);
    return efficiency;
  }
}
