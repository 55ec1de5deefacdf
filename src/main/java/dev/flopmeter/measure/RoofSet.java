package dev.flopmeter.measure;

import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import org.jspecify.annotations.Nullable;

/**
 * The roofs of one device at one precision, by basis.
 *
 * @param launchSeconds cost of an empty step; null where it was not measured
 */
public record RoofSet(Roofs roofs, @Nullable Double launchSeconds) {
  RoofSet withoutMeasured() {
    return new RoofSet(new Roofs(roofs.datasheet(), null, roofs.clockAdjusted()), launchSeconds);
  }

  /**
   * The roofline that layers are placed under: measured where there is one, since that is what this
   * device can really reach, otherwise the datasheet's. Null where either axis is unknown.
   */
  @Nullable Roofline line() {
    Roofline measured = line(roofs.measured());
    return measured != null ? measured : line(roofs.datasheet());
  }

  private @Nullable Roofline line(@Nullable Roof roof) {
    if (roof == null) {
      return null;
    }
    Double flops = roof.flopsPerSecond();
    Double bytes = roof.bytesPerSecond();
    return flops == null || bytes == null ? null : new Roofline(flops, bytes, launchSeconds);
  }

  /**
   * The least time that work can take on a device, and what limits it (Williams, Waterman,
   * Patterson 2009). A fixed cost per launch is a third roof: work so small that even an empty step
   * takes longer is bound by it.
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
}
