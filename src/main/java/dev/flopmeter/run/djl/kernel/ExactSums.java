package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Into which parts a sum of products of 8-bit integers is cut, so that float32 computes them
 * exactly: it holds all integers up to 2^24.
 *
 * @param factor the second of the two tensors that are multiplied, of {@code outer} x {@code
 *     length} x {@code inner} elements; the sum is along the axis of {@code length}
 * @param addsInner whether a result also adds up the inner elements, as a window does
 */
record ExactSums(Factor factor, long outer, long length, long inner, boolean addsInner) {
  private static final long EXACT = 1L << 24;

  /**
   * The greatest length of equal parts; 0 if not even parts of one element are exact.
   *
   * @param a the first tensor, its zero point, the second, its zero point, its sizes, {@code
   *     addsInner}
   */
  static long part(Operands in, List<Object> a) {
    Factor left = new Factor(in, input(a, 0), input(a, 1));
    Factor right = new Factor(in, input(a, 2), input(a, 3));
    long[] sizes = dims(a.get(4));
    ExactSums sums = new ExactSums(right, sizes[0], sizes[1], sizes[2], (boolean) a.get(5));
    return left.isByte() && right.isByte() ? sums.part(left.greatest()) : 0;
  }

  /**
   * One of the two tensors that are multiplied.
   *
   * @param index its input
   * @param zeroPoint the input of its zero point, which may be absent
   */
  private record Factor(Operands in, int index, int zeroPoint) {

    /** Whether it holds 8-bit integers. */
    boolean isByte() {
      DataType type = in.type(index).type();
      return type == DataType.INT8 || type == DataType.UINT8;
    }

    boolean isConstant() {
      return in.value(index).isPresent() && (!in.has(zeroPoint) || in.value(zeroPoint).isPresent());
    }

    private long lowest() {
      return in.type(index).type() == DataType.INT8 ? -128 : 0;
    }

    /** The greatest magnitude that its type and its zero point, if that is known, allow. */
    long greatest() {
      if (in.has(zeroPoint) && in.value(zeroPoint).isEmpty()) {
        return 255;
      }
      long low = lowest();
      return LongStream.of(zeros())
          .map(zero -> Math.max(zero - low, low + 255 - zero))
          .max()
          .orElse(0);
    }

    private long[] zeros() {
      return in.has(zeroPoint) ? in.requireValue(zeroPoint).toLongs() : new long[1];
    }
  }

  /**
   * The greatest length of equal parts whose sums float32 holds exactly; 0 if there is none.
   *
   * @param other the greatest magnitude of the other factor
   */
  long part(long other) {
    long terms = addsInner ? inner : 1;
    for (long part = length; part > 0; part = part == 1 ? 0 : shorter(part)) {
      if (part * terms * factor.greatest() * other <= EXACT
          || (factor.isConstant() && greatest(part) * other <= EXACT)) {
        return part;
      }
    }
    return 0;
  }

  /** Half a part, in whole vectors of 16 elements where it is longer than one. */
  private static long shorter(long part) {
    long half = (part + 1) / 2;
    return half > 16 ? Math.min(part - 1, (half + 15) / 16 * 16) : half;
  }

  /** The greatest sum of the magnitudes of a constant that one result adds up in one part. */
  private long greatest(long part) {
    ByteBuffer data = factor.in().requireValue(factor.index()).data();
    long[] zeros = factor.zeros();
    int mask = factor.lowest() < 0 ? -1 : 0xff;
    long greatest = 0;
    int at = 0;
    for (int o = 0; o < outer; o++) {
      long[] sums = new long[(int) inner];
      for (int i = 0; i < length; i++) {
        if (i % part == 0) {
          greatest = Math.max(greatest, most(sums));
          Arrays.fill(sums, 0);
        }
        for (int r = 0; r < inner; r++) {
          long zero = zeros[(int) ((addsInner ? o : o * inner + r) % zeros.length)];
          sums[r] += Math.abs((data.get(at++) & mask) - zero);
        }
      }
      greatest = Math.max(greatest, most(sums));
    }
    return greatest;
  }

  private long most(long[] sums) {
    return addsInner ? LongStream.of(sums).sum() : LongStream.of(sums).max().orElse(0);
  }
}
