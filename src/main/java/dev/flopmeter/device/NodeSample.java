package dev.flopmeter.device;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the GPUs and MIG instances of this host do at one moment; a line of {@code flopmeter top
 * --format jsonl}.
 *
 * @param emulated whether the library is the emulation of the tests, whose figures mean nothing
 * @param absent why a figure is missing, by its name
 */
public record NodeSample(
    String schema, boolean emulated, List<Gpu> gpus, Map<String, String> absent) {
  public static final String SCHEMA = "flopmeter.node/1";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .changeDefaultPropertyInclusion(
              inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  public NodeSample {
    gpus = List.copyOf(gpus);
    absent = Map.copyOf(absent);
  }

  /** What a GPU's time is spent on; where several fit, the first of this order. */
  public enum State {
    /** NVML cannot reach it. */
    LOST,
    /** A run of flopmeter's daemon is on it. */
    MEASURED,
    /** Something runs, and the clock is held back. */
    THROTTLED,
    /** Something runs. */
    BUSY,
    /** Processes hold it, and NVML does not report whether they run: MIG without GPM. */
    OCCUPIED,
    /** Processes hold memory and nothing runs. */
    HELD,
    IDLE,
    /** Nobody sampled it. */
    UNKNOWN;

    /** As a label. */
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
   * @param share of the GPU's slices that it has, 1 for a whole GPU
   * @param utilization share of the time since the last sample with work on it, 0 to 1
   * @param memoryUsedBytes of all processes and the driver
   * @param throttled reasons that hold the clock back
   */
  public record Gpu(
      String device,
      String uuid,
      String parent,
      String name,
      double share,
      State state,
      @Nullable Double utilization,
      @Nullable Long memoryUsedBytes,
      @Nullable Long memoryTotalBytes,
      List<String> throttled,
      List<Occupant> processes) {
    public Gpu {
      throttled = List.copyOf(throttled);
      processes = List.copyOf(processes);
    }

    /** A GPU that cannot be reached. */
    static Gpu lost(String device, String uuid) {
      return new Gpu(device, uuid, uuid, "", 1, State.LOST, null, null, null, List.of(), List.of());
    }
  }

  /**
   * A process on a GPU.
   *
   * @param owner who it is, as far as {@code /proc} can be read
   * @param memoryBytes that it holds; null if NVML does not say
   * @param utilization share of the time since the last sample that it used the multiprocessors
   */
  public record Occupant(
      long pid, ProcessOwner owner, @Nullable Long memoryBytes, @Nullable Double utilization) {}

  /** On one line. */
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
