package dev.flopmeter.device;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The best rates that were found on one device.
 *
 * @param flopsPerSecond of dense matrix work, by precision ({@code fp32}, ...)
 * @param found the work that reached the rates, by precision and {@code memory}
 * @param bytesPerSecond of the memory, read and written together; null if it was not measured
 * @param levels caches from small to large, then the memory; empty in roofs of earlier versions
 * @param launchSeconds the cost of an empty step; null if it was not measured
 * @param measuredAt when the newest of these figures was taken
 * @param versions of the driver and libraries, on which they depend
 */
public record MeasuredRoofs(
    Map<String, Double> flopsPerSecond,
    Map<String, String> found,
    @Nullable Double bytesPerSecond,
    List<MemoryLevel> levels,
    @Nullable Double launchSeconds,
    Instant measuredAt,
    Map<String, String> versions) {

  public MeasuredRoofs {
    flopsPerSecond = Map.copyOf(flopsPerSecond);
    found = Map.copyOf(found);
    levels = levels == null ? List.of() : List.copyOf(levels);
    versions = Map.copyOf(versions);
  }

  /** These figures, replaced by those of {@code newer} where it has any. */
  public MeasuredRoofs with(MeasuredRoofs newer) {
    Map<String, Double> rates = new TreeMap<>(flopsPerSecond);
    rates.putAll(newer.flopsPerSecond);
    Map<String, String> works = new TreeMap<>(found);
    works.putAll(newer.found);
    return new MeasuredRoofs(
        rates,
        works,
        newer.bytesPerSecond == null ? bytesPerSecond : newer.bytesPerSecond,
        newer.levels.isEmpty() ? levels : newer.levels,
        newer.launchSeconds == null ? launchSeconds : newer.launchSeconds,
        newer.measuredAt,
        newer.versions);
  }

  /**
   * The higher of each two rates: a roof is the best rate reached on the device. The cost of a
   * launch depends on the backend and stays this one's.
   */
  public MeasuredRoofs highest(MeasuredRoofs other) {
    Map<String, Double> rates = new TreeMap<>(flopsPerSecond);
    Map<String, String> works = new TreeMap<>(found);
    other.flopsPerSecond.forEach(
        (precision, rate) -> {
          if (rates.merge(precision, rate, Math::max).equals(rate)) {
            works.put(precision, other.found.getOrDefault(precision, ""));
          }
        });
    Double bytes = other.bytesPerSecond;
    boolean isFaster = bytes != null && (bytesPerSecond == null || bytes > bytesPerSecond);
    if (isFaster) {
      works.put("memory", other.found.getOrDefault("memory", ""));
    }
    return new MeasuredRoofs(
        rates,
        works,
        isFaster ? bytes : bytesPerSecond,
        levels.isEmpty() ? other.levels : levels.stream().map(other::highest).toList(),
        launchSeconds,
        measuredAt,
        versions);
  }

  private MemoryLevel highest(MemoryLevel level) {
    return levels.stream()
        .filter(mine -> mine.name().equals(level.name()))
        .findFirst()
        .map(level::highest)
        .orElse(level);
  }
}
