package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Places blocks in one arena so that those alive at the same step never overlap: the biggest first,
 * each at the lowest place that is free over its whole life.
 *
 * @param offsets in bytes, by block identity
 * @param bytes the arena's size
 */
record ArenaLayout(Map<Buffer, Long> offsets, long bytes) {
  /** The alignment of cuDNN's vector loads and of the driver's own allocations. */
  static final long ALIGNMENT = 256;

  /** A block and the steps between which it is in use, both included. */
  record Life(Buffer block, int first, int last) {
    boolean meets(Life other) {
      return first <= other.last && other.first <= last;
    }
  }

  private record Placed(Life life, long offset) {
    long end() {
      return offset + aligned(life.block.bytes());
    }
  }

  /** The lives of all activations; inputs live from the start, what is fed and read to the end. */
  static List<Life> lives(DevicePlan plan) {
    Map<Buffer, int[]> spans = new LinkedHashMap<>();
    for (int i = 0; i < plan.steps().size(); i++) {
      int step = i;
      plan.steps().get(i).blocks().forEach(block -> stretch(spans, block, step));
    }
    int end = plan.steps().size();
    // A replay reads its inputs again, so nothing may overwrite them.
    plan.inputs().values().forEach(view -> stretch(spans, view.block(), -1));
    Stream.concat(plan.inputs().values().stream(), plan.outputs().values().stream())
        .forEach(view -> stretch(spans, view.block(), end));
    List<Life> lives = new ArrayList<>();
    spans.forEach((block, span) -> lives.add(new Life(block, span[0], span[1])));
    lives.removeIf(life -> life.block.isConstant());
    return lives;
  }

  private static void stretch(Map<Buffer, int[]> spans, Buffer block, int step) {
    int[] span = spans.computeIfAbsent(block, unused -> new int[] {step, step});
    span[0] = Math.min(span[0], step);
    span[1] = Math.max(span[1], step);
  }

  static ArenaLayout of(List<Life> lives) {
    Comparator<Life> biggestFirst = Comparator.comparingLong(life -> -life.block.bytes());
    Map<Buffer, Long> offsets = new HashMap<>();
    List<Placed> placed = new ArrayList<>();
    long size = 0;
    for (Life life : lives.stream().sorted(biggestFirst.thenComparingInt(Life::first)).toList()) {
      Placed next = new Placed(life, lowestPlace(life, placed));
      placed.add(next);
      offsets.put(life.block, next.offset);
      size = Math.max(size, next.end());
    }
    return new ArenaLayout(offsets, size);
  }

  private static long lowestPlace(Life life, List<Placed> placed) {
    List<Placed> around =
        placed.stream()
            .filter(other -> life.meets(other.life))
            .sorted(Comparator.comparingLong(Placed::offset))
            .toList();
    long lowest = 0;
    for (Placed other : around) {
      if (lowest + aligned(life.block.bytes()) <= other.offset) {
        break;
      }
      lowest = Math.max(lowest, other.end());
    }
    return lowest;
  }

  static long aligned(long bytes) {
    return (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
