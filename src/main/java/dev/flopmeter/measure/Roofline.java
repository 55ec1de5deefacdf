package dev.flopmeter.measure;

import dev.flopmeter.result.Bound;
import org.jspecify.annotations.Nullable;

/**
 * The least time that work can take on a device, and what limits it (Williams, Waterman, Patterson
 * 2009). A fixed cost per launch is a third roof: work so small that even an empty step takes
 * longer is bound by it.
 *
 * @param flopsPerSecond peak of the matrix units
 * @param bytesPerSecond peak of the memory
 * @param launchSeconds cost of an empty step; null where unknown
 */
record Roofline(double flopsPerSecond, double bytesPerSecond, @Nullable Double launchSeconds) {

  /** Seconds at the roof for this many FLOPs of matrix work and compulsory bytes. */
  double idealSeconds(long flops, double bytes) {
    return Math.max(flops / flopsPerSecond, bytes / bytesPerSecond);
  }

  /** What keeps this work from being faster. */
  Bound bound(long flops, double bytes) {
    Double launch = launchSeconds;
    if (launch != null && idealSeconds(flops, bytes) < launch) {
      return Bound.LAUNCH;
    }
    return flops / flopsPerSecond >= bytes / bytesPerSecond ? Bound.COMPUTE : Bound.MEMORY;
  }

  /** The time at the roof over the time taken. */
  double efficiency(long flops, double bytes, double seconds) {
    return idealSeconds(flops, bytes) / seconds;
  }
}
