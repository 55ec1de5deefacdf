package dev.flopmeter.serve;

import dev.flopmeter.serve.worker.DeviceProbe;
import dev.flopmeter.serve.worker.DeviceState;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The devices of this host, listed at intervals. One thread refreshes, any may read. */
final class Devices {
  private static final Logger logger = LoggerFactory.getLogger(Devices.class);
  private static final Duration RARELY = Duration.ofMinutes(10);
  private static final Duration SOON = Duration.ofMinutes(1);

  private final DeviceProbe probe;
  private final LongSupplier nanos;
  private volatile List<DeviceState> known = List.of();
  private boolean isAsked;
  private boolean isAnswered;
  private long askedAt;

  Devices(DeviceProbe probe, LongSupplier nanos) {
    this.probe = probe;
    this.nanos = nanos;
  }

  /** The last list; empty if there never was one. */
  List<DeviceState> known() {
    return known;
  }

  /** The known facts of a device; nothing if it is not listed. */
  Map<String, String> properties(String id) {
    return known.stream()
        .filter(device -> device.id().equals(id))
        .findFirst()
        .map(DeviceState::properties)
        .orElse(Map.of());
  }

  /** Lists them again if it is time; returns whether it did. */
  boolean refresh() throws InterruptedException {
    Duration wait = isAnswered ? RARELY : SOON;
    if (isAsked && nanos.getAsLong() - askedAt < wait.toNanos()) {
      return false;
    }
    isAsked = true;
    askedAt = nanos.getAsLong();
    try {
      List<DeviceState> devices = probe.read();
      List<String> before = ids();
      known = devices;
      isAnswered = true;
      if (!ids().equals(before)) {
        logger.info("devices: {}", String.join(", ", ids()));
      }
      return true;
    } catch (IOException e) {
      if (isAnswered || known.isEmpty()) {
        logger.warn("devices cannot be listed: {}", e.getMessage());
      }
      isAnswered = false;
      return false;
    }
  }

  /** Their names, in order. */
  List<String> ids() {
    return known.stream().map(DeviceState::id).toList();
  }
}
