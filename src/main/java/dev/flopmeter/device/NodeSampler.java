package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.State;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Samples all GPUs and MIG instances of this host, and the processes on them, through NVML. It
 * opens no CUDA context and changes nothing. One thread at a time.
 */
public final class NodeSampler implements AutoCloseable {
  // Sizes of NVML's texts and structures, and where in them.
  private static final int TEXT_BYTES = 96;
  private static final int ATTRIBUTES_BYTES = 40;
  private static final int COMPUTE_SLICES_AT = 28;

  /** nvmlProcessInfo_t: pid, memory, instance ids. */
  private static final int PROCESS_BYTES = 24;

  /** nvmlProcessUtilizationSample_t: pid, time, shares in percent. */
  private static final int UTILIZATION_BYTES = 32;

  /** Memory that the driver itself may hold; beyond it a process does that is not listed. */
  private static final long DRIVERS_BYTES = 2L << 30;

  private static final int SPARE_ROWS = 8;

  private static final List<String> PROCESS_LISTS = List.of("Compute", "Graphics", "MPSCompute");

  private final Nvml nvml;
  private final Path proc;

  /** The names of whole GPUs by uuid: what they were when they were first seen. */
  private final Map<String, String> known = new LinkedHashMap<>();

  /** When each GPU's processes were last asked for, by NVML's clock, in µs. */
  private final Map<String, Long> lastSeen = new HashMap<>();

  private Map<String, String> absent = new TreeMap<>();
  private boolean isLost;
  private boolean isRenewed;

  private NodeSampler(Nvml nvml, Path proc) {
    this.nvml = nvml;
    this.proc = proc;
  }

  /**
   * Opens NVML.
   *
   * @param proc where the system's processes are seen
   * @throws LibraryException if this host has none
   */
  public static NodeSampler open(Path proc) throws LibraryException {
    return new NodeSampler(Nvml.open(Nvml.LIBRARY), proc);
  }

  /**
   * Samples all.
   *
   * @throws LibraryException if NVML fails as a whole
   */
  public NodeSample sample() throws LibraryException {
    if (isRenewed) {
      nvml.close();
      nvml.initialise();
    }
    absent = new TreeMap<>();
    List<Gpu> gpus = new ArrayList<>();
    Set<String> reached = new HashSet<>();
    IntByReference count = new IntByReference();
    if (!succeeds("gpus", "nvmlDeviceGetCount_v2", count)) {
      throw new LibraryException("NVML counts no GPUs: " + absent.get("gpus"));
    }
    for (int i = 0; i < count.getValue(); i++) {
      int index = i;
      PointerByReference handle = new PointerByReference();
      boolean isThere = succeeds("gpus", "nvmlDeviceGetHandleByIndex_v2", i, handle);
      String uuid = isThere ? text("uuid", "nvmlDeviceGetUUID", handle.getValue()) : "";
      if (!uuid.isEmpty()) {
        // After a GPU is lost, the numbers of those behind it may change.
        String device = known.computeIfAbsent(uuid, unseen -> "gpu:" + index);
        reached.add(uuid);
        gpus.addAll(read(handle.getValue(), device, uuid));
      } else if (!known.containsValue("gpu:" + i)) {
        gpus.add(Gpu.lost("gpu:" + i, ""));
      }
    }
    known.forEach(
        (uuid, device) -> {
          if (!reached.contains(uuid)) {
            gpus.add(Gpu.lost(device, uuid));
          }
        });
    // A GPU that was reset or comes back is seen by a new session only.
    isRenewed = gpus.stream().anyMatch(gpu -> gpu.state() == State.LOST);
    return new NodeSample(NodeSample.SCHEMA, nvml.isEmulated(), gpus, absent);
  }

  /** A GPU, or the MIG instances that it is divided into. */
  private List<Gpu> read(Pointer gpu, String device, String uuid) {
    isLost = false;
    LongByReference mask = new LongByReference();
    boolean isTold =
        succeeds(
            "throttled",
            nvml.available(
                "nvmlDeviceGetCurrentClocksEventReasons",
                "nvmlDeviceGetCurrentClocksThrottleReasons"),
            gpu,
            mask);
    List<String> throttled = isTold ? ThrottleReason.of(mask.getValue()) : List.of();
    List<Gpu> found = new ArrayList<>();
    IntByReference mode = new IntByReference();
    IntByReference most = new IntByReference();
    // Most GPUs cannot be divided: that is no figure that is missing.
    if (call("nvmlDeviceGetMigMode", gpu, mode, new IntByReference()) == Nvml.SUCCESS
        && mode.getValue() == 1
        && succeeds("instances", "nvmlDeviceGetMaxMigDeviceCount", gpu, most)) {
      for (int i = 0; i < most.getValue(); i++) {
        PointerByReference instance = new PointerByReference();
        if (call("nvmlDeviceGetMigDeviceHandleByIndex", gpu, i, instance) == Nvml.SUCCESS) {
          Pointer part = instance.getValue();
          String id = text("uuid", "nvmlDeviceGetUUID", part);
          found.add(
              read(part, device + ":" + i, id, uuid, share(part, most.getValue()), throttled));
        }
      }
    }
    if (found.isEmpty()) {
      found.add(read(gpu, device, uuid, uuid, 1, throttled));
    }
    return isLost ? List.of(Gpu.lost(device, uuid)) : found;
  }

  /** Compute slices of an instance, in nvmlDeviceAttributes_t, over those of its GPU. */
  private double share(Pointer instance, int slices) {
    try (Memory attributes = new Memory(ATTRIBUTES_BYTES)) {
      return succeeds("share", "nvmlDeviceGetAttributes_v2", instance, attributes)
          ? Math.min(1, (double) attributes.getInt(COMPUTE_SLICES_AT) / slices)
          : 1.0 / slices;
    }
  }

  private Gpu read(
      Pointer gpu,
      String device,
      String uuid,
      String parent,
      double share,
      List<String> throttled) {
    boolean isWhole = uuid.equals(parent);
    List<Occupant> processes = processes(gpu, uuid, isWhole);
    Double utilization = null;
    Long used = null;
    Long total = null;
    try (Memory result = new Memory(ATTRIBUTES_BYTES)) {
      // NVML does not report utilization of instances, nor of a GPU that has some.
      if (isWhole && succeeds("utilization", "nvmlDeviceGetUtilizationRates", gpu, result)) {
        utilization = result.getInt(0) / 100.0;
      }
      if (succeeds("memory", "nvmlDeviceGetMemoryInfo", gpu, result)) {
        total = result.getLong(0);
        used = result.getLong(16);
      }
    }
    for (Occupant process : processes) {
      if (process.utilization() != null && utilization != null) {
        utilization = Math.max(utilization, process.utilization());
      }
    }
    return new Gpu(
        device,
        uuid,
        parent,
        text("name", "nvmlDeviceGetName", gpu),
        share,
        state(utilization, used, !processes.isEmpty(), !throttled.isEmpty()),
        utilization,
        used,
        total,
        throttled,
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
      if (!nvml.has(function)) {
        continue; // the compute processes are listed by every version
      }
      List<Pointer> rows =
          rows(
              "processes",
              PROCESS_BYTES,
              (buffer, count) -> nvml.call(function, gpu, count, buffer));
      if (rows != null) {
        rows.forEach(row -> memory.put(pid(row), row.getLong(8)));
      }
    }
    Map<Long, Double> busy = isWhole && !memory.isEmpty() ? utilization(gpu, uuid) : null;
    List<Occupant> processes = new ArrayList<>();
    int unseen = 0;
    for (Map.Entry<Long, Long> process : memory.entrySet()) {
      long pid = process.getKey();
      ProcessOwner owner;
      try {
        owner = ProcessOwner.of(proc, pid);
      } catch (IOException e) {
        owner = ProcessOwner.UNKNOWN;
        unseen++;
      }
      // All bits are set where the driver does not know it.
      Long bytes = process.getValue() < 0 ? null : process.getValue();
      processes.add(
          new Occupant(pid, owner, bytes, busy == null ? null : busy.getOrDefault(pid, 0.0)));
    }
    // One alone may have ended since.
    if (unseen > 0 && unseen == processes.size()) {
      absent.put("owners", "processes are not in " + proc + "; a container needs the host's PIDs");
    }
    return processes;
  }

  private static long pid(Pointer row) {
    return Integer.toUnsignedLong(row.getInt(0));
  }

  /**
   * Shares of the multiprocessors since the last call, by pid; a process without one ran nothing.
   * Null if NVML does not report them.
   */
  private @Nullable Map<Long, Double> utilization(Pointer gpu, String uuid) {
    long since = lastSeen.getOrDefault(uuid, 0L);
    List<Pointer> rows =
        rows(
            "process_utilization",
            UTILIZATION_BYTES,
            (buffer, count) ->
                nvml.call("nvmlDeviceGetProcessUtilization", gpu, buffer, count, since));
    if (rows == null) {
      return null;
    }
    Map<Long, Double> busy = new HashMap<>();
    rows.stream()
        .sorted(Comparator.comparing(row -> row.getLong(8)))
        .forEach(
            row -> {
              busy.put(pid(row), row.getInt(16) / 100.0);
              lastSeen.put(uuid, row.getLong(8));
            });
    return busy;
  }

  /** A call that fills a buffer and says how many rows it filled, or would. */
  private interface Listing {
    int into(Pointer buffer, IntByReference count) throws LibraryException;
  }

  /** The rows of a listing; null if it fails. There may be more of them at each try. */
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
      return status == Nvml.NOT_FOUND || isSuccess(figure, status) ? List.of() : null;
    } catch (LibraryException e) {
      absent.put(figure, e.getMessage());
      return null;
    }
  }

  private String text(String figure, String function, Pointer gpu) {
    try (Memory text = new Memory(TEXT_BYTES)) {
      return succeeds(figure, function, gpu, text, TEXT_BYTES) ? text.getString(0) : "";
    }
  }

  private boolean succeeds(String figure, String function, Object... arguments) {
    return isSuccess(figure, call(function, arguments));
  }

  private boolean isSuccess(String figure, int status) {
    isLost |= status == Nvml.GPU_IS_LOST;
    if (status != Nvml.SUCCESS) {
      absent.put(figure, nvml.message(status));
    }
    return status == Nvml.SUCCESS;
  }

  /** What a library that lacks the function would answer, too. */
  private int call(String function, Object... arguments) {
    try {
      return nvml.call(function, arguments);
    } catch (LibraryException e) {
      return Nvml.FUNCTION_NOT_FOUND;
    }
  }

  @Override
  public void close() {
    nvml.close();
  }
}
