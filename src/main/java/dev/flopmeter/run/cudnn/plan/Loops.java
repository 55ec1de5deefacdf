package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The nested loops of an element-wise kernel: dimensions ordered so that the first operand (the one
 * written) is walked along memory, neighbours joined where all operands allow it, padded in front
 * with loops of one turn.
 *
 * @param sizes the turns of each loop, outermost first, {@link #RANK} of them
 * @param strides per operand, per loop, in elements
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record Loops(int[] sizes, List<long[]> strides) {
  /** What our kernels' argument structures hold. */
  public static final int RANK = 8;

  /**
   * Loops over {@code shape}; every operand has that shape already (strides of 0 where it repeats).
   *
   * @throws IllegalArgumentException if more than {@link #RANK} loops remain after joining
   */
  public static Loops over(Shape shape, TensorView... operands) {
    Integer[] order =
        java.util.stream.IntStream.range(0, shape.rank())
            .filter(i -> shape.dim(i) != 1)
            .boxed()
            .toArray(Integer[]::new);
    Arrays.sort(order, (a, b) -> Long.compare(operands[0].stride(b), operands[0].stride(a)));
    List<Long> sizes = new ArrayList<>();
    List<long[]> steps = new ArrayList<>();
    for (int axis : order) {
      long[] step = new long[operands.length];
      for (int i = 0; i < operands.length; i++) {
        step[i] = operands[i].stride(axis);
      }
      int last = sizes.size() - 1;
      if (last >= 0 && joins(steps.get(last), step, shape.dim(axis))) {
        sizes.set(last, sizes.get(last) * shape.dim(axis));
        steps.set(last, step);
      } else {
        sizes.add(shape.dim(axis));
        steps.add(step);
      }
    }
    if (sizes.size() > RANK) {
      throw new IllegalArgumentException(shape + " needs more than " + RANK + " loops");
    }
    return padded(sizes, steps, operands.length);
  }

  private static boolean joins(long[] outer, long[] inner, long innerSize) {
    for (int i = 0; i < outer.length; i++) {
      if (outer[i] != inner[i] * innerSize) {
        return false;
      }
    }
    return true;
  }

  private static Loops padded(List<Long> sizes, List<long[]> steps, int operands) {
    int lead = RANK - sizes.size();
    int[] padded = new int[RANK];
    Arrays.fill(padded, 1);
    List<long[]> strides = new ArrayList<>();
    for (int operand = 0; operand < operands; operand++) {
      strides.add(new long[RANK]);
    }
    for (int i = 0; i < sizes.size(); i++) {
      padded[lead + i] = Math.toIntExact(sizes.get(i));
      for (int operand = 0; operand < operands; operand++) {
        strides.get(operand)[lead + i] = steps.get(i)[operand];
      }
    }
    return new Loops(padded, strides);
  }
}
