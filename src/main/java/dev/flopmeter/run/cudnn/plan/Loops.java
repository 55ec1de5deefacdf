package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
   * Loops over {@code shape}; every operand has that shape already (strides of 0 if it repeats).
   *
   * @throws ArithmeticException for more elements or loops than kernels have, which take an
   *     element's place apart in 32 bits: 64 would make each of them slower
   */
  public static Loops over(Shape shape, TensorView... operands) {
    if (shape.elements() >= 1L << 32) {
      throw new ArithmeticException(shape + " has over 2^32 - 1 elements; use a smaller batch");
    }
    List<Integer> outermostFirst =
        IntStream.range(0, shape.rank())
            .filter(axis -> shape.dim(axis) != 1)
            .boxed()
            .sorted(Comparator.comparing(operands[0]::stride, Comparator.reverseOrder()))
            .toList();
    int[] sizes = new int[RANK];
    Arrays.fill(sizes, 1);
    List<long[]> strides = Stream.of(operands).map(operand -> new long[RANK]).toList();
    int at = RANK;
    for (int i = outermostFirst.size() - 1; i >= 0; i--) {
      int axis = outermostFirst.get(i);
      int inner = at;
      boolean isJoined =
          inner < RANK
              && sizes[inner] <= Integer.MAX_VALUE / Math.max(1, shape.dim(axis))
              && IntStream.range(0, operands.length)
                  .allMatch(
                      operand ->
                          operands[operand].stride(axis)
                              == strides.get(operand)[inner] * sizes[inner]);
      if (!isJoined) {
        if (at == 0) {
          throw new ArithmeticException(shape + " needs more than " + RANK + " loops");
        }
        at--;
        for (int operand = 0; operand < operands.length; operand++) {
          strides.get(operand)[at] = operands[operand].stride(axis);
        }
      }
      sizes[at] = Math.toIntExact(sizes[at] * shape.dim(axis));
    }
    return new Loops(sizes, strides);
  }
}
