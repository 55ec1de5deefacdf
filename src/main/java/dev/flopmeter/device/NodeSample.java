package dev.flopmeter.device;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The state of this host's GPUs and MIG instances at one moment; a line of {@code flopmeter top
 * --format jsonl}.
 *
 * @param emulated whether the library is the tests' emulation, whose figures are not valid
 * @param health of each GPU that can be reached, however it is divided
 * @param events since the previous sample
 * @param absent why a figure is missing, by its name
 */
public record NodeSample(
    String schema,
    boolean emulated,
    List<Gpu> gpus,
    List<Health> health,
    List<Event> events,
    Map<String, String> absent) {
  public static final String SCHEMA = "flopmeter.node/1";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .changeDefaultPropertyInclusion(
              inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  public NodeSample {
    gpus = List.copyOf(gpus);
    health = List.copyOf(health);
    events = List.copyOf(events);
    absent = Map.copyOf(absent);
  }

  /** The state of a GPU; if several apply, the first in this order. */
  public enum State {
    /** NVML cannot reach it. */
    LOST,
    /** A run of flopmeter's daemon uses it. */
    MEASURED,
    /** Work runs, and the clock is reduced. */
    THROTTLED,
    /** Work runs. */
    BUSY,
    /** Processes hold it, and NVML does not report whether work runs: MIG without GPM. */
    OCCUPIED,
    /** Processes hold memory and no work runs. */
    HELD,
    IDLE,
    /** There was no sample. */
    UNKNOWN;

    @JsonValue
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A GPU, or a MIG instance; a GPU that is divided into instances is not listed itself.
   *
   * @param device {@code gpu:2} as nvidia-smi numbers GPUs, {@code gpu:2:0} a MIG instance of it
   * @param uuid {@code GPU-...} or {@code MIG-...}; empty for a GPU that was lost from the start
   * @param parent the GPU's own uuid
   * @param part an instance's share of its GPU; null for a whole GPU
   * @param utilization share of the time since the last sample with work on it, 0 to 1
   * @param memoryUsedBytes of all processes and the driver
   * @param throttled reasons for a reduced clock
   * @param activity mean shares since the last sample, 0 to 1, by what they are of: {@code
   *     graphics}, {@code sm}, {@code occupancy}, {@code tensor}, {@code dram}
   */
  public record Gpu(
      String device,
      String uuid,
      String parent,
      String name,
      @Nullable Part part,
      State state,
      @Nullable Double utilization,
      @Nullable Long memoryUsedBytes,
      @Nullable Long memoryTotalBytes,
      List<String> throttled,
      Map<String, Double> activity,
      List<Occupant> processes) {
    public Gpu {
      throttled = List.copyOf(throttled);
      activity = Map.copyOf(activity);
      processes = List.copyOf(processes);
    }

    /** A GPU that cannot be reached. */
    static Gpu lost(String device, String uuid) {
      return new Gpu(
          device,
          uuid,
          uuid,
          "",
          null,
          State.LOST,
          null,
          null,
          null,
          List.of(),
          Map.of(),
          List.of());
    }

    /** Of the GPU's compute slices, 1 for a whole GPU. */
    public double share() {
      return part == null ? 1 : part.slices();
    }

    /** Whether several processes can run on it at once through a CUDA MPS server. */
    public boolean hasMps() {
      return processes.stream().anyMatch(each -> each.owner().name().startsWith(MPS_SERVER));
    }
  }

  /** nvidia-cuda-mps-server, as far as the kernel stores names */
  private static final String MPS_SERVER = "nvidia-cuda-mps";

  /**
   * A MIG instance's share of its GPU.
   *
   * @param slices share of the compute slices
   * @param memory share of the memory, in eighths
   */
  public record Part(double slices, int multiprocessors, double memory) {}

  /**
   * The sensors and errors of a whole GPU; unreported figures are absent.
   *
   * @param energyJoules since the driver was loaded
   * @param errors its counters, by {@link HealthCounter#label}, and the events since the sampler
   *     started: {@code fatal} ones and each Xid, such as {@code xid_79}
   */
  public record Health(
      String device,
      String uuid,
      @Nullable Double powerWatts,
      @Nullable Double energyJoules,
      @Nullable Double temperatureCelsius,
      Map<String, Long> errors) {
    public Health {
      errors = Map.copyOf(errors);
    }
  }

  /**
   * An error that NVML reported.
   *
   * @param uuid of the GPU, or of the MIG instance if it concerns only that
   * @param parent the GPU's own uuid
   * @param xid the driver's number of it; null for a double-bit ECC error
   */
  public record Event(String device, String uuid, String parent, @Nullable Long xid, Instant at) {
    /** Whether it affects everything on the GPU, and not one application. */
    public boolean isFatal() {
      return xid == null || Xid.of(xid).isFatal();
    }

    /** A description for people. */
    public String text() {
      String what =
          xid == null ? "double-bit ECC error" : "Xid " + xid + ", " + Xid.of(xid).meaning();
      return device + ": " + what;
    }
  }

  /**
   * A process on a GPU.
   *
   * @param owner its owner, as far as {@code /proc} can be read
   * @param memoryBytes that it holds; null if NVML does not report it
   * @param utilization share of the time since the last sample that it used the multiprocessors
   */
  public record Occupant(
      long pid, ProcessOwner owner, @Nullable Long memoryBytes, @Nullable Double utilization) {}

  public String json() {
    return JSON.writeValueAsString(this);
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws LibraryException if the text is something else
   */
  public static NodeSample read(String json) throws LibraryException {
    try {
      NodeSample sample = JSON.readValue(json, NodeSample.class);
      if (sample == null || !SCHEMA.equals(sample.schema())) {
        throw new LibraryException("not a sample of " + SCHEMA);
      }
      return sample;
    } catch (JacksonException e) {
      throw new LibraryException("not a sample of a node: " + e.getMessage());
    }
  }
}
