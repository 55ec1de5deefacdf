package dev.flopmeter.measure;

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
}
