package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * What a Pad puts before and after the {@code size} elements of one axis; negative numbers crop.
 */
public record PaddedAxis(long size, long before, long after) {

  /** One for each axis of the node's first input, for all versions of Pad. */
  public static PaddedAxis[] of(Operands in) {
    Shape shape = in.shape(0);
    long[] pads = in.requireIntegers("pads", 1);
    long[] axes = in.has(3) ? in.requireLongs(3) : LongStream.range(0, shape.rank()).toArray();
    if (pads.length != 2 * axes.length) {
      throw new ModelException(
          pads.length + " pads do not fit the " + axes.length + " axes of " + shape);
    }
    PaddedAxis[] padded = new PaddedAxis[shape.rank()];
    Arrays.setAll(padded, axis -> new PaddedAxis(shape.dim(axis), 0, 0));
    for (int i = 0; i < axes.length; i++) {
      int axis = shape.axis(axes[i]);
      padded[axis] = new PaddedAxis(shape.dim(axis), pads[i], pads[axes.length + i]);
    }
    return padded;
  }

  /** The size after padding. */
  public long length() {
    return Sizes.add(Sizes.add(size, before), after);
  }

  /** For each place after padding, the element that it repeats; -1 for the constant. */
  public long[] sources(String mode) {
    return LongStream.range(0, length()).map(place -> source(mode, place - before)).toArray();
  }

  private long source(String mode, long at) {
    long period = Math.max(1, 2 * (size - 1));
    return switch (mode) {
      case "constant" -> at >= 0 && at < size ? at : -1;
      case "edge" -> Math.max(0, Math.min(size - 1, at));
      case "wrap" -> Math.floorMod(at, size);
      case "reflect" -> {
        long folded = Math.floorMod(at, period);
        yield folded < size ? folded : period - folded;
      }
      default ->
          throw new ModelException("mode must be constant, edge, reflect or wrap, not " + mode);
    };
  }
}
