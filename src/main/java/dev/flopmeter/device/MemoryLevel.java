package dev.flopmeter.device;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A level of a device's memory and the rates that were measured there, in bytes per second by
 * pattern, as STREAM counts them: the bytes that a program reads and writes, not those that the
 * hardware moves (McCalpin 1995).
 *
 * @param name {@code L1}, {@code L2}, {@code L3} or {@code memory}
 * @param bytes total capacity of this level's caches; null for memory
 * @param bytesPerSecond of all cores together: {@code read}, {@code write}, {@code copy}, {@code
 *     triad}
 * @param oneCoreBytesPerSecond of one core; empty if single cores cannot be used
 */
public record MemoryLevel(
    String name,
    @Nullable Long bytes,
    Map<String, Double> bytesPerSecond,
    Map<String, Double> oneCoreBytesPerSecond) {
  public static final String MEMORY = "memory";

  public MemoryLevel {
    bytesPerSecond = Map.copyOf(bytesPerSecond);
    oneCoreBytesPerSecond = Map.copyOf(oneCoreBytesPerSecond);
  }

  /** The highest of the rates over all cores: a roof is the best rate reached. */
  public double best() {
    return bytesPerSecond.values().stream().mapToDouble(rate -> rate).max().orElse(0);
  }

  /** The higher of each two rates of the same level, measured twice; with the larger capacity. */
  MemoryLevel highest(MemoryLevel other) {
    Map<String, Double> all = new TreeMap<>(bytesPerSecond);
    other.bytesPerSecond.forEach((name, rate) -> all.merge(name, rate, Math::max));
    Map<String, Double> oneCore = new TreeMap<>(oneCoreBytesPerSecond);
    other.oneCoreBytesPerSecond.forEach((name, rate) -> oneCore.merge(name, rate, Math::max));
    Long held = bytes == null || other.bytes == null ? null : Math.max(bytes, other.bytes);
    return new MemoryLevel(name, held, all, oneCore);
  }
}
