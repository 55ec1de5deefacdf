package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.CpuCache;
import dev.flopmeter.device.MemoryLevel;
import dev.flopmeter.measure.CacheSweep.Pattern;
import java.util.List;
import java.util.function.LongToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Four cores with 32 KiB and 1 MiB each, and 16 MiB shared. */
class CacheSweepTest {
  private static final List<CpuCache> CACHES =
      List.of(
          new CpuCache(1, 32 << 10, 1), new CpuCache(2, 1 << 20, 1), new CpuCache(3, 16 << 20, 4));

  /** Rates of one thread by its working set; copying is fastest, and one thread reaches a fifth. */
  private record Machine(LongToDoubleFunction rateOfSet, long limit) implements CacheSweep.Probe {
    @Override
    public double bytesPerSecond(Pattern pattern, long workingSet, int threads) {
      double share = threads == 1 ? 0.2 : 1;
      return share * rateOfSet.applyAsDouble(workingSet) * (pattern == Pattern.COPY ? 2 : 1);
    }
  }

  private static double rate(long set) {
    return set <= 128 << 10 ? 8e11 : set <= 4 << 20 ? 3e11 : set <= 16 << 20 ? 1e11 : 2e10;
  }

  private static List<MemoryLevel> levels(List<CpuCache> caches, CacheSweep.Probe probe) {
    return new CacheSweep(caches, 4, probe).levels(Progress.SILENT);
  }

  @Test
  void eachLevelHasItsRates() {
    List<MemoryLevel> levels = levels(CACHES, new Machine(CacheSweepTest::rate, 1L << 40));
    assertThat(levels).extracting(MemoryLevel::name).containsExactly("L1", "L2", "L3", "memory");
    assertThat(levels)
        .extracting(MemoryLevel::bytes)
        .containsExactly(128L << 10, 4L << 20, 16L << 20, null);
    assertThat(levels)
        .extracting(MemoryLevel::best)
        .containsExactly(2 * 8e11, 2 * 3e11, 2 * 1e11, 2 * 2e10);
    assertThat(levels.get(1).bytesPerSecond())
        .containsOnlyKeys("read", "write", "copy", "triad")
        .containsEntry("triad", 3e11);
    assertThat(levels.get(3).oneCoreBytesPerSecond()).containsEntry("read", 0.2 * 2e10);
  }

  @Test
  void aSharedCacheHoldsTheSizeThatStillReachesItsRate() {
    List<MemoryLevel> levels =
        levels(CACHES, new Machine(set -> set > 5 << 20 ? 2e10 : rate(set), 1L << 40));
    assertThat(levels.get(2).bytes()).isLessThanOrEqualTo(16L << 20);
    List<MemoryLevel> shared =
        levels(
            CACHES,
            new Machine(set -> set > 9 << 20 && set <= 16 << 20 ? 2e10 : rate(set), 1L << 40));
    assertThat(shared.get(2).bytes()).isEqualTo(8L << 20);
    assertThat(shared.get(2).best()).isEqualTo(2 * 1e11);
  }

  @Test
  void aCacheThatIsNotLargerThanTheOneBelowIsOmitted() {
    List<CpuCache> small = List.of(CACHES.get(0), CACHES.get(1), new CpuCache(3, 5 << 20, 4));
    assertThat(levels(small, new Machine(CacheSweepTest::rate, 1L << 40)))
        .extracting(MemoryLevel::name)
        .containsExactly("L1", "L2", "memory");
  }

  @Test
  void workingSetsThatExceedTheHeapAreLeftOut() {
    assertThat(levels(CACHES, new Machine(CacheSweepTest::rate, 20 << 20)))
        .extracting(MemoryLevel::name)
        .containsExactly("L1", "L2", "L3");
  }

  @Test
  void withoutKnownCachesThereIsTheMemory() {
    assertThat(levels(List.of(), new Machine(CacheSweepTest::rate, 1L << 40)))
        .extracting(MemoryLevel::name)
        .containsExactly("memory");
  }

  @Test
  void theLoopsMoveWhatTheyCount() {
    FakeTime time = new FakeTime();
    ArrayProbe probe =
        new ArrayProbe(
            () -> {
              time.advance(1e-3);
              return time.getAsLong();
            });
    for (Pattern pattern : Pattern.values()) {
      // Every reading of the clock is a millisecond after the previous one.
      assertThat(probe.bytesPerSecond(pattern, 12_000, 1)).as(pattern.label()).isGreaterThan(12e6);
    }
  }
}
