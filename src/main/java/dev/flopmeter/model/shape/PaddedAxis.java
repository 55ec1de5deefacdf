package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import java.util.stream.LongStream;

/**
 * The elements that a Pad adds before and after the {@code size} elements of one axis; negative
 * numbers crop.
 */
record PaddedAxis(long size, long before, long after) {
  /** For each place after padding, the element that it repeats; -1 for the constant. */
  long[] sources(String mode) {
    return LongStream.range(0, size + before + after)
        .map(place -> source(mode, place - before))
        .toArray();
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
