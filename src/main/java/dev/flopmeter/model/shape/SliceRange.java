package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The part of one axis that a Slice selects: {@code count} elements from {@code start}, {@code
 * step} apart.
 */
public record SliceRange(long start, long step, long count) {

  /** One range per axis of the node's first input, for all versions of Slice. */
  public static SliceRange[] of(Operands in) {
    Shape shape = in.shape(0);
    long[] starts = in.requireIntegers("starts", 1);
    long[] ends = in.requireIntegers("ends", 2);
    long[] axes =
        in.integers("axes", 3).orElseGet(() -> LongStream.range(0, starts.length).toArray());
    long[] ones = new long[starts.length];
    Arrays.fill(ones, 1);
    long[] steps = in.integers("steps", 4).orElse(ones);
    if (ends.length != starts.length
        || axes.length != starts.length
        || steps.length != starts.length) {
      throw new ModelException("starts, ends, axes and steps differ in length");
    }
    SliceRange[] ranges = new SliceRange[shape.rank()];
    Arrays.setAll(ranges, i -> new SliceRange(0, 1, shape.dim(i)));
    for (int i = 0; i < axes.length; i++) {
      int axis = shape.axis(axes[i]);
      ranges[axis] = of(shape.dim(axis), starts[i], ends[i], steps[i]);
    }
    return ranges;
  }

  /** Clamps like ONNX: to 0..size going up, to -1..size-1 going down. */
  static SliceRange of(long size, long start, long end, long step) {
    if (step == 0) {
      throw new ModelException("a slice cannot have the step 0");
    }
    if (size == 0) {
      return new SliceRange(0, step, 0);
    }
    long from = start < 0 ? start + size : start;
    long to = end < 0 ? Math.max(end, Long.MIN_VALUE / 2) + size : end;
    if (step > 0) {
      from = clamp(from, 0, size);
      to = clamp(to, 0, size);
      return new SliceRange(from, step, to <= from ? 0 : (to - from - 1) / step + 1);
    }
    from = clamp(from, 0, size - 1);
    to = clamp(to, -1, size - 1);
    long span = from - to;
    long stride = step == Long.MIN_VALUE ? Long.MAX_VALUE : -step;
    return new SliceRange(from, step, span <= 0 ? 0 : (span - 1) / stride + 1);
  }

  private static long clamp(long value, long low, long high) {
    return Math.max(low, Math.min(high, value));
  }
}
