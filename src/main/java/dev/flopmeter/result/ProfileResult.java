package dev.flopmeter.result;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The result of a profile: the analytic cost joined with measured times. The JSON form is
 * documented by {@code dev/flopmeter/schema/profile-1.json}; tables, pages and metrics are views of
 * it.
 *
 * <p>Times are seconds, sizes bytes, rates per second. Figures that could not be measured are null
 * (omitted in the JSON), with the reason among the warnings.
 *
 * @param cost totals of {@code count} under the default convention
 * @param layers one per step, in order of execution
 * @param layerSumRatio sum of the layers' medians over the end-to-end median
 * @param firstRunSeconds the very first pass, before any warm-up
 * @param valid false if the figures are not valid
 * @param warnings those that make the figures invalid come first
 */
public record ProfileResult(
    @JsonProperty(required = true) ModelInfo model,
    @JsonProperty(required = true) Device device,
    @JsonProperty(required = true) Run run,
    Environment environment,
    @JsonProperty(required = true) Totals cost,
    @JsonProperty(required = true) Latency latency,
    @JsonProperty(required = true) Throughput throughput,
    @JsonProperty(required = true) Efficiency efficiency,
    List<Layer> layers,
    @Nullable Double layerSumRatio,
    @Nullable Memory memory,
    @Nullable Double firstRunSeconds,
    @Nullable Launch launch,
    @Nullable NumericCheck numericCheck,
    @Nullable Assignment assignment,
    Roofs roofs,
    @Nullable Sensors sensors,
    boolean valid,
    List<String> warnings) {

  /** The version of the JSON form. */
  public static final String SCHEMA = "flopmeter.profile/1";

  public ProfileResult {
    layers = List.copyOf(layers);
    warnings = List.copyOf(warnings);
  }

  /** Why the figures are not valid: the first warning, because such reasons come first. */
  public Optional<String> whyInvalid() {
    String first = warnings.isEmpty() ? "no reason is given" : warnings.get(0);
    return valid ? Optional.empty() : Optional.of(first);
  }

  public ProfileResult withLayers(List<Layer> others) {
    return copy(run, others, valid, warnings);
  }

  /** The same without the times of single passes. */
  public ProfileResult withoutRaw() {
    return run.rawSeconds() == null ? this : copy(run.withoutRaw(), layers, valid, warnings);
  }

  /** The same, not valid for this reason. */
  public ProfileResult invalid(String why) {
    List<String> reasons = new ArrayList<>(List.of(why));
    reasons.addAll(warnings);
    return copy(run, layers, false, reasons);
  }

  private ProfileResult copy(Run run, List<Layer> layers, boolean valid, List<String> warnings) {
    return new ProfileResult(
        model,
        device,
        run,
        environment,
        cost,
        latency,
        throughput,
        efficiency,
        layers,
        layerSumRatio,
        memory,
        firstRunSeconds,
        launch,
        numericCheck,
        assignment,
        roofs,
        sensors,
        valid,
        warnings);
  }

  /**
   * How it was run.
   *
   * @param samples end-to-end samples kept
   * @param droppedSamples samples left out, by reason
   * @param stopReason the rule that ended sampling
   */
  public record Run(
      @JsonProperty(required = true) String backend,
      @JsonProperty(required = true) Precision precision,
      String layout,
      long batch,
      boolean fused,
      int samples,
      Map<String, Integer> droppedSamples,
      int warmupRuns,
      String stopReason,
      Instant startedAt,
      @Nullable List<Double> rawSeconds) {
    public Run {
      droppedSamples = Map.copyOf(droppedSamples);
    }

    Run withoutRaw() {
      return new Run(
          backend,
          precision,
          layout,
          batch,
          fused,
          samples,
          droppedSamples,
          warmupRuns,
          stopReason,
          startedAt,
          null);
    }
  }

  /**
   * The costs of all layers, and the peak of the activations.
   *
   * @param asRunMacs the MACs that depend on data and apply to this run; null for none
   */
  public record Totals(
      long macs,
      long flops,
      long params,
      long bytesRead,
      long bytesWritten,
      long peakActivationBytes,
      @Nullable Long asRunMacs) {

    public static Totals of(Counts counts) {
      Cost cost = counts.totals();
      return new Totals(
          cost.macs(),
          cost.flops(),
          cost.params(),
          cost.bytesRead(),
          cost.bytesWritten(),
          counts.peakActivationBytes(),
          counts.asRunMacs());
    }

    /** Read and written. */
    public long bytes() {
      return bytesRead + bytesWritten;
    }
  }

  /** Where it was run. */
  public record Environment(
      String flopmeter, String java, String os, Map<String, String> libraries) {
    public Environment {
      libraries = Map.copyOf(libraries);
    }
  }

  /**
   * End-to-end time of one pass over the batch, in seconds. Tail percentiles only where there are
   * enough samples for them.
   *
   * @param ci95 the distribution-free 95 % confidence interval of the median
   * @param relativeIqr interquartile range over median
   */
  @JsonPropertyOrder("unit")
  public record Latency(
      @JsonProperty(required = true) double median,
      @JsonProperty(required = true) double q1,
      @JsonProperty(required = true) double q3,
      @JsonProperty(required = true) double min,
      @Nullable Double p90,
      @Nullable Double p95,
      @Nullable Double p99,
      @Nullable Double p999,
      @JsonProperty(required = true) Interval ci95,
      @JsonProperty(required = true) double relativeIqr) {
    /** That of all these figures. */
    @JsonProperty
    public String unit() {
      return "s";
    }
  }

  /** From {@code low} to {@code high}, both included; a pair in JSON. */
  @JsonFormat(shape = JsonFormat.Shape.ARRAY)
  public record Interval(double low, double high) {}

  /** Work per second. {@code achievedFlopsPerSecond} counts 2 per MAC, nothing else. */
  public record Throughput(double inferencesPerSecond, double achievedFlopsPerSecond) {}

  /**
   * Shares of the device's roofs, by basis.
   *
   * @param intensity FLOPs per compulsory byte
   * @param attainable null without a roof for memory and compute, or without layers with MACs
   */
  public record Efficiency(
      Shares mfu, Shares mbu, @Nullable Double intensity, @Nullable Attainable attainable) {

    /** The reference for MFU on each basis; all absent if unknown. */
    public Shares attainableMfu() {
      return attainable == null ? Shares.NONE : attainable.mfu();
    }
  }

  /**
   * The limit of a perfect runtime with the same layers: each takes the shortest time that the
   * roofline allows, without gaps between them.
   *
   * @param flopsPerSecond the layers' FLOPs, 2 per MAC, over the sum of their shortest times
   * @param roofs the basis of the two roofs that bound the layers
   * @param mfu that rate as shares of the peaks; MFU over it is the same on every basis
   */
  public record Attainable(double flopsPerSecond, Basis roofs, Shares mfu) {}

  /** A share of a roof, on each basis; null if the roof is not known on it. */
  public record Shares(
      @Nullable Double datasheet, @Nullable Double measured, @Nullable Double clockAdjusted) {
    public static final Shares NONE = new Shares(null, null, null);

    /** The share on a basis; null if the roof is not known on it. */
    public @Nullable Double of(Basis basis) {
      return switch (basis) {
        case DATASHEET -> datasheet;
        case MEASURED -> measured;
        case CLOCK_ADJUSTED -> clockAdjusted;
      };
    }
  }

  /**
   * A step with its nodes' summed cost.
   *
   * @param bound null without a roof
   * @param level the level of memory that holds its working set: {@code memory} or a cache's name;
   *     null if the roofs have no levels
   * @param rooflineEfficiency achieved rate over the attainable one at this intensity
   * @param channels of the step's convolution or fully connected layer; null if it has none
   * @param asRun true if its cost depends on data and applies to this run, else null
   */
  public record Layer(
      String name,
      String op,
      List<String> nodes,
      Cost cost,
      Time time,
      @Nullable Double achievedFlopsPerSecond,
      @Nullable Double intensity,
      @Nullable Bound bound,
      @Nullable String level,
      @Nullable Double rooflineEfficiency,
      KernelInfo kernel,
      @Nullable Channels channels,
      @Nullable Boolean asRun) {
    public Layer {
      nodes = List.copyOf(nodes);
      bound = bound == null ? null : bound.judged(rooflineEfficiency);
    }

    /** {@code compute}, or {@code cache (L2)}; null without a roof. */
    public @Nullable String boundText() {
      return bound == null
          ? null
          : bound == Bound.CACHE ? bound + " (" + level + ")" : bound.label();
    }
  }

  /**
   * Channels of a convolution or fully connected layer.
   *
   * @param in input channels of all groups together
   * @param out output channels
   * @param groups of the channels; null for 1
   * @param positions at which each channel is computed: batch times pixels, or rows; null if
   *     unknown
   */
  public record Channels(long in, long out, @Nullable Long groups, @Nullable Long positions) {
    public boolean hasGroups() {
      return groups != null && groups > 1;
    }
  }

  /** Median, quartiles and shortest time of a layer, in seconds. */
  public record Time(double median, double q1, double q3, double min) {}

  /** Bytes held on the device. */
  public record Memory(long weights, long activations, long workspace) {
    public long total() {
      return weights + activations + workspace;
    }
  }

  /**
   * The cost of launching step by step instead of replaying a captured graph.
   *
   * @param overheadRatio (eager - graph) / graph
   */
  public record Launch(double eagerSeconds, double graphSeconds, double overheadRatio) {}

  /**
   * The comparison of the plan's outputs with the reference's.
   *
   * @param relativeL2 the largest ||out - ref|| / ||ref|| over the outputs
   */
  public record NumericCheck(
      String reference, double relativeL2, double tolerance, boolean passed) {}

  /**
   * How much of another runtime's trace was matched to the model.
   *
   * @param macs share of the model's MACs that are in a layer
   * @param time share of the layers' time that belongs to nodes of the model
   * @param profiledRatio time of a pass with the runtime's profiler over one without; null if only
   *     one of them is known
   */
  public record Assignment(double macs, double time, @Nullable Double profiledRatio) {}

  /** The roofs of the shares. FLOP/s and bytes/s; null if unknown. */
  public record Roofs(
      @Nullable Roof datasheet, @Nullable Roof measured, @Nullable Roof clockAdjusted) {
    public static final Roofs NONE = new Roofs(null, null, null);

    /** The roof on a basis; null if that is not known. */
    public @Nullable Roof of(Basis basis) {
      return switch (basis) {
        case DATASHEET -> datasheet;
        case MEASURED -> measured;
        case CLOCK_ADJUSTED -> clockAdjusted;
      };
    }
  }

  /**
   * A device's roof on one basis.
   *
   * @param bytesPerSecond of the memory behind all caches
   * @param source of the figures
   * @param caches from small to large; empty if their bandwidth is not known
   */
  public record Roof(
      @Nullable Double flopsPerSecond,
      @Nullable Double bytesPerSecond,
      String source,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Cache> caches) {
    public Roof {
      caches = caches == null ? List.of() : List.copyOf(caches);
    }

    /** A roof whose caches are not known. */
    public Roof(@Nullable Double flopsPerSecond, @Nullable Double bytesPerSecond, String source) {
      this(flopsPerSecond, bytesPerSecond, source, List.of());
    }
  }

  /**
   * A level of caches, over all cores.
   *
   * @param bytes their total capacity
   */
  public record Cache(String name, long bytes, double bytesPerSecond) {}

  /**
   * The readings of the device's sensors during the run; null without a sensor.
   *
   * @param utilization share of the time that the device was busy, 0 to 1
   * @param cpuLoad runnable threads per core, one-minute average
   * @param absent why a figure is absent, by its name in the JSON
   */
  public record Sensors(
      @Nullable Double smClockHz,
      @Nullable Double memoryClockHz,
      @Nullable Double powerW,
      @Nullable Double powerLimitW,
      @Nullable Double energyJPerInference,
      @Nullable Double temperatureC,
      @Nullable Double utilization,
      @Nullable Long memoryUsedBytes,
      @Nullable Integer otherProcesses,
      @Nullable Double cpuClockHz,
      @Nullable Double cpuLoad,
      List<String> throttleReasons,
      Map<String, String> absent) {
    public Sensors {
      throttleReasons = List.copyOf(throttleReasons);
      absent = Map.copyOf(absent);
    }
  }
}
