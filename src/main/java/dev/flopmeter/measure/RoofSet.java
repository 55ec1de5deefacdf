package dev.flopmeter.measure;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The roofs of one device at one precision, by basis.
 *
 * @param launchSeconds cost of an empty step; null if it was not measured
 */
public record RoofSet(Roofs roofs, @Nullable Double launchSeconds) {
  RoofSet withoutMeasured() {
    return new RoofSet(new Roofs(roofs.datasheet(), null, roofs.clockAdjusted()), launchSeconds);
  }

  /**
   * The roofline for layers: the measured one if it exists, because this device really reaches it,
   * otherwise the datasheet's. Null if either axis is unknown.
   */
  @Nullable Roofline line() {
    for (Basis basis : List.of(Basis.MEASURED, Basis.DATASHEET)) {
      Roof roof = roofs.of(basis);
      Double flops = roof == null ? null : roof.flopsPerSecond();
      Double bytes = roof == null ? null : roof.bytesPerSecond();
      if (roof != null && flops != null && bytes != null) {
        return new Roofline(basis, flops, bytes, roof.caches(), launchSeconds);
      }
    }
    return null;
  }

  /**
   * The work of a step.
   *
   * @param flops of matrix work
   * @param bytes each input, weight and output once: its working set
   * @param coldBytes bytes that no cache can have kept since the previous pass
   */
  record Work(long flops, double bytes, double coldBytes) {}

  /**
   * The shortest time for work on a device, and its limit (Williams, Waterman, Patterson 2009),
   * with a bandwidth for each level of memory (Ilic, Pratas, Sousa 2014): work is compared with the
   * level that fits its working set, except for data left by the previous layer. A fixed cost per
   * launch is a further roof.
   *
   * @param basis of both peaks
   * @param flopsPerSecond peak of the matrix units
   * @param bytesPerSecond peak of the memory
   * @param caches from small to large; empty if unknown
   * @param launchSeconds cost of an empty step; null if unknown
   */
  record Roofline(
      Basis basis,
      double flopsPerSecond,
      double bytesPerSecond,
      List<Cache> caches,
      @Nullable Double launchSeconds) {
    private static final String MEMORY = "memory";

    /** Seconds that a step's bytes take at their roofs: from the memory, and from a cache. */
    private record Transfer(double memory, double cache, @Nullable Cache level) {
      double seconds() {
        return memory + cache;
      }

      boolean isFromMemory() {
        return level == null || memory >= cache;
      }
    }

    /** The previous layer may have left as much as the next smaller cache holds. */
    private Transfer transfer(Work work) {
      int fit = 0;
      while (fit < caches.size() && caches.get(fit).bytes() < work.bytes) {
        fit++;
      }
      double kept = work.bytes - work.coldBytes;
      double held = fit == 0 ? 0 : caches.get(fit - 1).bytes();
      double left = Math.min(kept, held);
      double near = fit == 0 ? 0 : left / caches.get(fit - 1).bytesPerSecond();
      if (fit == caches.size()) {
        return new Transfer((work.bytes - left) / bytesPerSecond, near, null);
      }
      Cache level = caches.get(fit);
      double cache = near + (kept - left) / level.bytesPerSecond();
      return new Transfer(work.coldBytes / bytesPerSecond, cache, level);
    }

    /**
     * The share of values that must come from memory again if a pass uses each of so many bytes
     * once. Optimal replacement keeps as many as the largest cache holds; LRU keeps fewer (Belady
     * 1966).
     */
    double coldShare(double bytes) {
      long kept = caches.isEmpty() ? 0 : caches.get(caches.size() - 1).bytes();
      return bytes > kept ? 1 - kept / bytes : 0;
    }

    /** Seconds at the roof for this work. */
    double idealSeconds(Work work) {
      return Math.max(work.flops / flopsPerSecond, transfer(work).seconds());
    }

    /** The limit of work that took this many seconds. */
    Bound bound(Work work, double seconds) {
      double ideal = idealSeconds(work);
      double launch = launchSeconds == null ? 0 : launchSeconds;
      boolean isNear = ideal >= Bound.NEAR_ROOF * seconds;
      boolean isNearWithLaunch = ideal + launch >= Bound.NEAR_ROOF * seconds;
      if (isNearWithLaunch && (!isNear || ideal < launch)) {
        return Bound.LAUNCH;
      }
      if (!isNear) {
        return Bound.INEFFICIENT;
      }
      Transfer transfer = transfer(work);
      if (work.flops / flopsPerSecond >= transfer.seconds()) {
        return Bound.COMPUTE;
      }
      return transfer.isFromMemory() ? Bound.MEMORY : Bound.CACHE;
    }

    /** The level that takes most of the time to move bytes; null without levels. */
    @Nullable String level(Work work) {
      if (caches.isEmpty()) {
        return null;
      }
      Transfer transfer = transfer(work);
      Cache cache = transfer.level;
      return cache == null || transfer.isFromMemory() ? MEMORY : cache.name();
    }
  }
}
