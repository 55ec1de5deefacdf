package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
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
  /** What cuDNN's vector loads and the driver's own allocations align to. */
  static final long ALIGNMENT = 256;

  /** A block and the steps between which it holds something, both included. */
  record Life(Buffer block, int first, int last) {
    boolean meets(Life other) {
      return first <= other.last && other.first <= last;
    }
  }

  /** The lives of all activations; inputs live from the start, what is fed and read to the end. */
  static List<Life> lives(DevicePlan plan) {
    Map<Buffer, int[]> spans = new HashMap<>();
    List<Buffer> order = new ArrayList<>();
    for (int i = 0; i < plan.steps().size(); i++) {
      int step = i;
      plan.steps().get(i).blocks().forEach(block -> stretch(spans, order, block, step));
    }
    int end = plan.steps().size();
    // A replay reads its inputs again, so nothing may take their place.
    plan.inputs().values().forEach(view -> stretch(spans, order, view.block(), -1));
    Stream.concat(plan.inputs().values().stream(), plan.outputs().values().stream())
        .forEach(view -> stretch(spans, order, view.block(), end));
    return order.stream()
        .filter(block -> !block.isConstant())
        .map(
            block -> {
              int[] span = spans.getOrDefault(block, new int[2]);
              return new Life(block, span[0], span[1]);
            })
        .toList();
  }

  private static void stretch(
      Map<Buffer, int[]> spans, List<Buffer> order, Buffer block, int step) {
    int[] span = spans.get(block);
    if (span == null) {
      spans.put(block, new int[] {step, step});
      order.add(block);
    } else {
      span[0] = Math.min(span[0], step);
      span[1] = Math.max(span[1], step);
    }
  }

  private record Placed(Life life, long offset) {}

  static ArenaLayout of(List<Life> lives) {
    List<Life> bySize = new ArrayList<>(lives);
    bySize.sort(
        Comparator.comparingLong((Life life) -> life.block.bytes())
            .reversed()
            .thenComparingInt(Life::first));
    Map<Buffer, Long> offsets = new HashMap<>();
    List<Placed> placed = new ArrayList<>();
    long size = 0;
    for (Life life : bySize) {
      long need = aligned(life.block.bytes());
      long at = 0;
      List<Placed> neighbours =
          placed.stream()
              .filter(other -> life.meets(other.life))
              .sorted(Comparator.comparingLong(Placed::offset))
              .toList();
      for (Placed other : neighbours) {
        if (at + need <= other.offset) {
          break;
        }
        at = Math.max(at, other.offset + aligned(other.life.block.bytes()));
      }
      offsets.put(life.block, at);
      placed.add(new Placed(life, at));
      size = Math.max(size, at + need);
    }
    return new ArenaLayout(offsets, size);
  }

  static long aligned(long bytes) {
    return (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
