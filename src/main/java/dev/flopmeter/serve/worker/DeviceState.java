package dev.flopmeter.serve.worker;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A device as {@code flopmeter devices --format json} lists it.
 *
 * @param utilization share of the last second or so that it was busy, 0 to 1; null if unknown
 * @param memoryFreeBytes null if unknown
 * @param properties texts such as {@code name}, {@code driver}, {@code uuid}
 * @param peaks what is known without a run, of a GPU
 */
public record DeviceState(
    String id,
    String kind,
    @Nullable Double utilization,
    @Nullable Double memoryFreeBytes,
    Map<String, String> properties,
    List<Peak> peaks) {
  /**
   * A peak rate.
   *
   * @param precision of its FLOP/s; empty for the bytes per second of the memory
   */
  public record Peak(String precision, String basis, double perSecond) {}
}
