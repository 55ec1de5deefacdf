package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.flopmeter.device.NodeSample.Event;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The Xid and ECC events of GPUs, by NVML's event set. One thread at a time. */
final class NvmlEvents implements AutoCloseable {
  // Bits of nvmlEventType.
  private static final long DOUBLE_BIT_ECC = 2;
  private static final long XID = 8;

  /** nvmlEventData_t: device, type, data, ids of the GPU instance and the compute instance. */
  private static final int EVENT_BYTES = 32;

  /** All are counted, but at most this many are reported at once. */
  private static final int MOST = 100;

  /** A storm of events ends a wait at this interval. */
  private static final long SHORTEST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Nvml nvml;
  private final Clock clock;
  private final Set<Pointer> watched = new HashSet<>();
  private final Map<List<Object>, Place> places = new HashMap<>();
  private final List<Event> came = new ArrayList<>();
  private final Map<String, Map<String, Long>> counts = new HashMap<>();
  private @Nullable Pointer set;
  private long toldAt = System.nanoTime() - SHORTEST_NANOS;

  NvmlEvents(Nvml nvml, Clock clock) {
    this.nvml = nvml;
    this.clock = clock;
  }

  /** The device and instance of events, for a handle and the id of an instance. */
  void name(Place place) {
    places.put(List.of(place.gpu(), place.instance()), place);
  }

  /** Watches a GPU from now on; if that fails, the reason is recorded as absent. */
  void watch(NvmlCalls calls, Place whole) {
    name(whole);
    if (set == null) {
      set = calls.handle("events", "nvmlEventSetCreate");
    }
    if (set != null && !watched.contains(whole.gpu())) {
      Long supported =
          calls.ask(
              "events",
              result -> result.getLong(0),
              "nvmlDeviceGetSupportedEventTypes",
              whole.gpu());
      // An unsupported type would make the call fail for the others.
      long types = supported == null ? 0 : supported & (DOUBLE_BIT_ECC | XID);
      if (calls.succeeds("events", "nvmlDeviceRegisterEvents", whole.gpu(), types, set)) {
        watched.add(whole.gpu());
        counts.putIfAbsent(whole.uuid(), new TreeMap<>(Map.of("fatal", 0L)));
      }
    }
  }

  /** The number of events of a GPU, by kind: all {@code fatal} ones, and each Xid. */
  Map<String, Long> counts(String uuid) {
    return counts.getOrDefault(uuid, Map.of());
  }

  /**
   * Waits for some time, or until there is an event.
   *
   * @return whether the whole time has passed
   */
  boolean await(long nanos) throws InterruptedException {
    long due = System.nanoTime() + nanos;
    long end = due;
    for (long left = nanos; left > 0; left = end - System.nanoTime()) {
      if (isEvent(left)) {
        end = Math.min(due, toldAt + SHORTEST_NANOS);
      } else {
        TimeUnit.NANOSECONDS.sleep(end - System.nanoTime());
      }
    }
    toldAt = end == due ? toldAt : System.nanoTime();
    return end == due;
  }

  /** Waits for one; false if there was none, or a GPU is lost, which the next sample shows. */
  private boolean isEvent(long nanos) {
    Pointer waiting = set;
    if (waiting == null || watched.isEmpty()) {
      return false;
    }
    try (Memory data = new Memory(EVENT_BYTES)) {
      data.setInt(24, -1); // the older function does not report it
      String function = nvml.available("nvmlEventSetWait_v2", "nvmlEventSetWait");
      int millis = (int) TimeUnit.NANOSECONDS.toMillis(nanos);
      boolean isEvent = nvml.library().call(function, waiting, data, millis) == Nvml.SUCCESS;
      if (isEvent) {
        Pointer gpu = data.getPointer(0);
        Place whole = places.get(List.of(gpu, -1));
        Place place = places.getOrDefault(List.of(gpu, data.getInt(24)), whole);
        Long xid = data.getLong(8) == XID ? data.getLong(16) : null;
        if (place != null) { // of a GPU that was registered
          count(new Event(place.device(), place.uuid(), place.parent(), xid, clock.instant()));
        }
      }
      return isEvent;
    } catch (LibraryException e) {
      return false;
    }
  }

  private void count(Event event) {
    if (came.size() < MOST) {
      came.add(event);
    }
    Map<String, Long> counted = counts.getOrDefault(event.parent(), new TreeMap<>());
    if (event.isFatal()) {
      counted.merge("fatal", 1L, Long::sum);
    }
    if (event.xid() != null) {
      counted.merge("xid_" + Xid.of(event.xid()).label(), 1L, Long::sum);
    }
  }

  /** The events since the last call. */
  List<Event> take() {
    List<Event> taken = List.copyOf(came);
    came.clear();
    return taken;
  }

  /** Reads pending events and frees the set; {@link #watch} creates another. */
  @Override
  public void close() {
    while (isEvent(0)) {}
    if (set != null) {
      new NvmlCalls(nvml).succeeds("events", "nvmlEventSetFree", set);
    }
    set = null;
    watched.clear();
  }
}
