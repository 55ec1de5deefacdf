package dev.flopmeter.measure;

import dev.flopmeter.device.CpuCache;
import dev.flopmeter.device.MemoryLevel;
import dev.flopmeter.text.Labelled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds the bandwidth of each level of a processor's memory by sweeping over working sets, with all
 * cores and with one. A cache that is shared with other programs holds less than its size, so the
 * size is the largest working set that still reaches the level's rate.
 */
record CacheSweep(List<CpuCache> caches, int cores, Probe probe) {
  /** Working sets, as shares of a level's capacity. */
  private static final double[] SHARES = {0.125, 0.25, 0.5, 0.75};

  /** If this share of a level's capacity reaches its rate, all of it counts. */
  private static final double LARGEST = 0.74;

  /** A working set belongs to a level if it reaches this share of the level's best rate. */
  private static final double SAME_LEVEL = 0.6;

  /** A working set this much larger than the level below no longer profits from it. */
  private static final double BEYOND = 1.5;

  /** Memory is measured with this many times the largest cache. */
  private static final int FAR = 3;

  private static final long MEMORY_WITHOUT_CACHES = 256L << 20;

  /** Ways to move bytes, by the arrays that they use. */
  enum Pattern implements Labelled {
    READ(2),
    WRITE(1),
    COPY(2),
    TRIAD(3);

    final int arrays;

    Pattern(int arrays) {
      this.arrays = arrays;
    }
  }

  interface Probe {
    /** The maximum size of a working set, in bytes. */
    long limit();

    /** The highest rate that a number of threads reach together over a working set. */
    double bytesPerSecond(Pattern pattern, long workingSet, int threads);
  }

  /** The caches whose sizes are known, from small to large, then the memory. */
  List<MemoryLevel> levels(Progress progress) {
    List<MemoryLevel> levels = new ArrayList<>();
    long below = 0;
    for (CpuCache cache : caches) {
      String name = "L" + cache.level();
      progress.report("roof", (double) levels.size() / (caches.size() + 1), name + " bandwidth");
      long least = Math.round(BEYOND * below);
      long capacity = cache.bytesOf(cores);
      List<Long> sets = sets(capacity, least);
      if (!sets.isEmpty()) {
        levels.add(level(name, sets, capacity, sets(cache.bytes(), least / cores)));
      }
      below = capacity;
    }
    progress.report("roof", (double) levels.size() / (caches.size() + 1), "memory bandwidth");
    long far = below == 0 ? MEMORY_WITHOUT_CACHES : FAR * below;
    if (far <= probe.limit()) {
      levels.add(
          new MemoryLevel(
              MemoryLevel.MEMORY, null, rates(List.of(far), cores), rates(List.of(far), 1)));
    }
    return levels;
  }

  private List<Long> sets(long capacity, long least) {
    return Arrays.stream(SHARES)
        .mapToObj(share -> Math.round(share * capacity))
        .filter(set -> set > least && set <= probe.limit())
        .toList();
  }

  private MemoryLevel level(String name, List<Long> sets, long capacity, List<Long> oneCoreSets) {
    List<Map<Pattern, Double>> rates = sets.stream().map(set -> sweep(set, cores)).toList();
    Map<String, Double> best = best(rates);
    double fastest = best.values().stream().mapToDouble(rate -> rate).max().orElse(0);
    long held = sets.get(0);
    for (int i = 0; i < sets.size(); i++) {
      if (rates.get(i).values().stream().anyMatch(rate -> rate >= SAME_LEVEL * fastest)) {
        held = sets.get(i) >= LARGEST * capacity ? capacity : sets.get(i);
      }
    }
    return new MemoryLevel(name, held, best, rates(oneCoreSets, 1));
  }

  private Map<String, Double> rates(List<Long> sets, int threads) {
    return best(sets.stream().map(set -> sweep(set, threads)).toList());
  }

  private Map<Pattern, Double> sweep(long workingSet, int threads) {
    Map<Pattern, Double> rates = new EnumMap<>(Pattern.class);
    for (Pattern pattern : Pattern.values()) {
      rates.put(pattern, probe.bytesPerSecond(pattern, workingSet, threads));
    }
    return rates;
  }

  private static Map<String, Double> best(List<Map<Pattern, Double>> sweeps) {
    Map<String, Double> best = new TreeMap<>();
    for (Map<Pattern, Double> sweep : sweeps) {
      sweep.forEach((pattern, rate) -> best.merge(pattern.label(), rate, Math::max));
    }
    return best;
  }
}
