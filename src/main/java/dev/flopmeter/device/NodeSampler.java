package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.device.SensorReading.Figure;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Samples all GPUs and MIG instances of this host, and the processes on them, through NVML. It
 * opens no CUDA context and changes nothing. One thread at a time.
 */
public final class NodeSampler implements AutoCloseable {
  /** nvmlFieldValue_t: number, scope, times, type, status, value. */
  private static final int FIELD_BYTES = 40;

  private static final int UNSIGNED_INT = 1;

  /** nvmlProcessInfo_t: pid, memory, instance ids. */
  private static final int PROCESS_BYTES = 24;

  /** nvmlProcessUtilizationSample_t: pid, time, shares in percent. */
  private static final int UTILIZATION_BYTES = 32;

  /** Memory that the driver itself may hold; more than that belongs to an unlisted process. */
  private static final long DRIVERS_BYTES = 2L << 30;

  private static final int SPARE_ROWS = 8;

  private static final List<String> PROCESS_LISTS = List.of("Compute", "Graphics", "MPSCompute");

  private final Nvml nvml;
  private final Path proc;
  private final boolean isOfHost;
  private final boolean hasGpm;
  private final NvmlEvents events;
  private final GpmSamples gpm;

  /** The names of whole GPUs by uuid, from when they were first seen. */
  private final Map<String, String> known = new LinkedHashMap<>();

  /** The time of the last query for each GPU's processes, by NVML's clock, in µs. */
  private final Map<String, Long> lastSeen = new HashMap<>();

  private NvmlCalls calls;
  private boolean isRenewed;

  private NodeSampler(Nvml nvml, Path proc, boolean hasGpm, Clock clock) {
    this.nvml = nvml;
    this.proc = proc;
    isOfHost = ProcessOwner.isOfHost(proc);
    this.hasGpm = hasGpm;
    events = new NvmlEvents(nvml, clock);
    gpm = new GpmSamples(nvml);
    calls = new NvmlCalls(nvml);
  }

  /**
   * Opens NVML.
   *
   * @param proc the folder with the system's processes
   * @param hasGpm whether GPM is sampled, too
   * @param clock for the times of events
   * @throws LibraryException if this host has none
   */
  public static NodeSampler open(Path proc, boolean hasGpm, Clock clock) throws LibraryException {
    return new NodeSampler(Nvml.open(Nvml.LIBRARY), proc, hasGpm, clock);
  }

  /**
   * Samples all.
   *
   * @throws LibraryException if NVML fails as a whole
   */
  public NodeSample sample() throws LibraryException {
    if (isRenewed) {
      close();
      nvml.initialise();
    }
    List<Event> came = events.take();
    calls = new NvmlCalls(nvml);
    List<Gpu> gpus = new ArrayList<>();
    List<Health> health = new ArrayList<>();
    Integer count = calls.integer("gpus", "nvmlDeviceGetCount_v2");
    if (count == null) {
      throw new LibraryException("NVML counts no GPUs: " + calls.absent().get("gpus"));
    }
    Set<String> reached = new HashSet<>();
    for (int i = 0; i < count; i++) {
      int index = i;
      Pointer gpu = calls.handle("gpus", "nvmlDeviceGetHandleByIndex_v2", i);
      String uuid = gpu == null ? "" : calls.text("uuid", "nvmlDeviceGetUUID", gpu);
      if (gpu != null && !uuid.isEmpty()) {
        // After a GPU is lost, the numbers of later GPUs may change.
        String device = known.computeIfAbsent(uuid, unseen -> "gpu:" + index);
        reached.add(uuid);
        read(new Place(gpu, gpu, -1, device, uuid, uuid, null), gpus, health);
      } else if (!known.containsValue("gpu:" + i)) {
        gpus.add(Gpu.lost("gpu:" + i, ""));
      }
    }
    Map<String, String> lost = new LinkedHashMap<>(known);
    lost.keySet().removeAll(reached);
    lost.forEach((uuid, device) -> gpus.add(Gpu.lost(device, uuid)));
    gpm.retain(gpus.stream().map(Gpu::uuid).collect(Collectors.toSet()));
    // Only a new session sees a GPU that was reset or comes back.
    isRenewed = gpus.stream().anyMatch(gpu -> gpu.state() == State.LOST);
    return new NodeSample(NodeSample.SCHEMA, nvml.isEmulated(), gpus, health, came, calls.absent());
  }

  /**
   * Waits until the next sample is due, or until there are events to report.
   *
   * @return whether the whole time has passed
   */
  public boolean pause(long nanos) throws InterruptedException {
    return events.await(nanos);
  }

  /** A GPU, or the MIG instances that it is divided into, and its health. */
  private void read(Place whole, List<Gpu> gpus, List<Health> health) {
    calls.foundLost();
    events.watch(calls, whole);
    List<String> throttled = calls.throttleReasons("throttled", whole.gpu());
    List<Gpu> found = new ArrayList<>();
    for (Place part : instances(whole)) {
      events.name(part);
      found.add(read(part, throttled));
    }
    if (found.isEmpty()) {
      found.add(read(whole, throttled));
    }
    Map<String, Long> errors = errors(whole);
    List<Figure> power = List.of(Figure.POWER, Figure.ENERGY, Figure.TEMPERATURE);
    Map<Figure, Double> sensors = NvmlSensors.ask(calls, whole.gpu(), power);
    String noEnergy = calls.absent().remove(Figure.ENERGY.label());
    if (noEnergy != null) {
      calls.absent().put("energy", noEnergy); // results are divided by it
    }
    if (calls.foundLost()) {
      gpus.add(Gpu.lost(whole.device(), whole.uuid()));
    } else {
      gpus.addAll(found);
      health.add(
          new Health(
              whole.device(),
              whole.uuid(),
              sensors.get(Figure.POWER),
              sensors.get(Figure.ENERGY),
              sensors.get(Figure.TEMPERATURE),
              errors));
    }
  }

  private List<Place> instances(Place whole) {
    List<Place> found = new ArrayList<>();
    Pointer gpu = whole.gpu();
    IntByReference mode = new IntByReference();
    // Most GPUs cannot be divided, so this is not a missing figure.
    NvmlCalls unsaid = new NvmlCalls(nvml);
    if (!unsaid.succeeds("", "nvmlDeviceGetMigMode", gpu, mode, new IntByReference())
        || mode.getValue() != 1) {
      return found;
    }
    Integer most = calls.integer("instances", "nvmlDeviceGetMaxMigDeviceCount", gpu);
    Long memory = calls.totalBytes(gpu);
    for (int i = 0; most != null && i < most; i++) {
      Pointer handle = unsaid.handle("", "nvmlDeviceGetMigDeviceHandleByIndex", gpu, i);
      if (handle != null) {
        Integer id = calls.integer("instances", "nvmlDeviceGetGpuInstanceId", handle);
        found.add(
            new Place(
                handle,
                gpu,
                id == null ? i : id,
                whole.device() + ":" + i,
                calls.text("uuid", "nvmlDeviceGetUUID", handle),
                whole.uuid(),
                calls.part(handle, most, memory)));
      }
    }
    return found;
  }

  /** The counters of the GPU and the driver. */
  private Map<String, Long> errors(Place whole) {
    Map<String, Long> counted = new TreeMap<>(events.counts(whole.uuid()));
    for (HealthCounter each : HealthCounter.ALL) {
      try (Memory value = new Memory(FIELD_BYTES)) {
        value.clear();
        value.setInt(0, each.field());
        if (calls.succeeds("errors", "nvmlDeviceGetFieldValues", whole.gpu(), 1, value)
            && calls.isSuccess(each.group() + " errors", value.getInt(28))) {
          boolean isInt = value.getInt(24) == UNSIGNED_INT;
          counted.put(
              each.label(), isInt ? Integer.toUnsignedLong(value.getInt(32)) : value.getLong(32));
        }
      }
    }
    return counted;
  }

  private Gpu read(Place place, List<String> throttled) {
    Pointer gpu = place.handle();
    List<Occupant> processes = processes(gpu, place.uuid(), place.isWhole());
    Map<String, Double> activity = hasGpm ? gpm.read(calls, place) : Map.of();
    // NVML itself does not report utilization of instances, nor of a GPU that has some.
    Double utilization =
        place.isWhole() ? calls.utilization("utilization", gpu) : activity.get(GpmSamples.ACTIVE);
    List<Long> memory =
        calls.ask(
            "memory",
            result -> List.of(result.getLong(0), result.getLong(16)),
            "nvmlDeviceGetMemoryInfo",
            gpu);
    for (Occupant process : processes) {
      if (process.utilization() != null && utilization != null) {
        utilization = Math.max(utilization, process.utilization());
      }
    }
    Long used = memory == null ? null : memory.get(1);
    return new Gpu(
        place.device(),
        place.uuid(),
        place.parent(),
        calls.text("name", "nvmlDeviceGetName", gpu),
        place.part(),
        state(utilization, used, !processes.isEmpty(), !throttled.isEmpty()),
        utilization,
        used,
        memory == null ? null : memory.get(0),
        throttled,
        activity,
        processes);
  }

  private static State state(
      @Nullable Double utilization, @Nullable Long used, boolean isListed, boolean isThrottled) {
    if (utilization != null && utilization > 0) {
      return isThrottled ? State.THROTTLED : State.BUSY;
    }
    if (isListed || (used != null && used > DRIVERS_BYTES)) {
      return utilization == null ? State.OCCUPIED : State.HELD;
    }
    return utilization == null && used == null ? State.UNKNOWN : State.IDLE;
  }

  private List<Occupant> processes(Pointer gpu, String uuid, boolean isWhole) {
    Map<Long, Long> memory = new TreeMap<>();
    for (String kind : PROCESS_LISTS) {
      String name = "nvmlDeviceGet" + kind + "RunningProcesses_v";
      String function = nvml.available(name + 3, name + 2);
      if (!nvml.library().has(function)) {
        continue; // the compute processes are listed by every version
      }
      List<Pointer> rows =
          rows(
              "processes",
              PROCESS_BYTES,
              (buffer, count) -> nvml.library().call(function, gpu, count, buffer));
      if (rows != null) {
        rows.forEach(row -> memory.put(pid(row), row.getLong(8)));
      }
    }
    Map<Long, @Nullable Double> busy = isWhole && !memory.isEmpty() ? utilization(gpu, uuid) : null;
    List<Occupant> processes = new ArrayList<>();
    memory.forEach(
        (pid, held) -> {
          ProcessOwner owner = isOfHost ? ProcessOwner.of(proc, pid) : ProcessOwner.UNKNOWN;
          // All bits are set if the driver does not know it.
          Long bytes = held < 0 ? null : held;
          processes.add(
              new Occupant(pid, owner, bytes, busy == null ? null : busy.getOrDefault(pid, 0.0)));
        });
    // A single process may have ended since.
    if (!processes.isEmpty()
        && processes.stream().allMatch(one -> one.owner().equals(ProcessOwner.UNKNOWN))) {
      String why = "; a container needs the host's PID namespace, and root if /proc has hidepid";
      calls.absent().put("owners", "processes are not in " + proc + why);
    }
    return processes;
  }

  private static long pid(Pointer row) {
    return Integer.toUnsignedLong(row.getInt(0));
  }

  /**
   * Shares of the multiprocessors since the last call, by pid; a process that is not listed ran
   * nothing; for one without a share it is unknown. Null if NVML does not report them.
   */
  private @Nullable Map<Long, @Nullable Double> utilization(Pointer gpu, String uuid) {
    long since = lastSeen.getOrDefault(uuid, 0L);
    List<Pointer> rows =
        rows(
            "process_utilization",
            UTILIZATION_BYTES,
            (buffer, count) ->
                nvml.library().call("nvmlDeviceGetProcessUtilization", gpu, buffer, count, since));
    if (rows == null) {
      return null;
    }
    Map<Long, @Nullable Double> busy = new HashMap<>();
    rows.stream()
        .sorted(Comparator.comparing(row -> row.getLong(8)))
        .forEach(
            row -> {
              busy.put(
                  pid(row),
                  calls.share(
                      "process_utilization", (double) Integer.toUnsignedLong(row.getInt(16))));
              lastSeen.put(uuid, row.getLong(8));
            });
    return busy;
  }

  /** A call that fills a buffer and returns the number of rows that it filled, or would fill. */
  private interface Listing {
    int into(Pointer buffer, IntByReference count) throws LibraryException;
  }

  /** The rows of a listing; null if it fails. Their number may grow between two calls. */
  private @Nullable List<Pointer> rows(String figure, int bytes, Listing listing) {
    try {
      IntByReference count = new IntByReference();
      int status = listing.into(Pointer.NULL, count);
      for (int tries = 0; status == Nvml.INSUFFICIENT_SIZE && tries < 3; tries++) {
        count.setValue(count.getValue() + SPARE_ROWS);
        Memory buffer = new Memory((long) count.getValue() * bytes);
        status = listing.into(buffer, count);
        if (status == Nvml.SUCCESS) {
          return IntStream.range(0, count.getValue())
              .mapToObj(i -> buffer.share((long) i * bytes, bytes))
              .toList();
        }
      }
      return status == Nvml.NOT_FOUND || calls.isSuccess(figure, status) ? List.of() : null;
    } catch (LibraryException e) {
      calls.absent().put(figure, e.getMessage());
      return null;
    }
  }

  @Override
  public void close() {
    events.close();
    gpm.close();
    nvml.close();
  }
}
