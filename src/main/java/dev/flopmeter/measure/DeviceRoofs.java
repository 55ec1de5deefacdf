package dev.flopmeter.measure;

import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.MemoryLevel;
import dev.flopmeter.device.TensorRates;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The peak rates of one device, from every known source.
 *
 * @param measured null if nothing was measured here
 */
public record DeviceRoofs(Device device, Datasheet datasheet, @Nullable MeasuredRoofs measured) {

  /**
   * The roofs at a precision.
   *
   * @param smClockHz the clock that the SMs ran at; null takes the device's highest, if it reports
   *     one
   */
  public RoofSet at(Precision precision, @Nullable Double smClockHz) {
    MeasuredRoofs found = measured;
    return new RoofSet(
        new Roofs(fromDatasheet(precision), fromHere(precision), fromClock(precision, smClockHz)),
        found == null ? null : found.launchSeconds());
  }

  private @Nullable Roof fromDatasheet(Precision precision) {
    if (device.isEmulated()) {
      return null;
    }
    Double sms = device.number("sm_count");
    Double memory = device.number("mig_memory_share");
    Optional<Datasheet.Card> card =
        sms == null || memory == null
            ? datasheet.find(device.name())
            : datasheet.find(device.name(), sms.intValue(), memory);
    return card.map(
            found ->
                new Roof(
                    found.flopsPerSecond().get(precision.label()),
                    found.bytesPerSecond(),
                    found.name() + ": " + found.source()))
        .orElse(null);
  }

  private @Nullable Roof fromHere(Precision precision) {
    MeasuredRoofs found = measured;
    if (found == null) {
      return null;
    }
    Double flops = found.flopsPerSecond().get(precision.label());
    Double bytes = found.bytesPerSecond();
    if (flops == null && bytes == null) {
      return null;
    }
    String works =
        (flops == null ? "" : found.found().getOrDefault(precision.label(), "") + ", ")
            + found.found().getOrDefault("memory", "");
    String source = "measured " + found.measuredAt() + ": " + works;
    return new Roof(flops, bytes, source, caches(found.levels()));
  }

  private static List<Cache> caches(List<MemoryLevel> levels) {
    List<Cache> caches = new ArrayList<>();
    for (MemoryLevel level : levels) {
      Long capacity = level.bytes();
      if (capacity != null) {
        caches.add(new Cache(level.name(), capacity, level.best()));
      }
    }
    return caches;
  }

  private @Nullable Roof fromClock(Precision precision, @Nullable Double smClockHz) {
    Double sms = device.number("sm_count");
    Double clock = smClockHz == null ? device.number("clock_hz") : smClockHz;
    String capability = device.properties().get("compute_capability");
    if (sms == null || clock == null || capability == null || device.isEmulated()) {
      return null;
    }
    OptionalInt rate = TensorRates.flopsPerSmAndClock(device.name(), capability, precision.label());
    if (rate.isEmpty()) {
      return null;
    }
    String source =
        String.format(
            Locale.ROOT,
            "derived: %.0f SMs x %.0f MHz x %d FLOP per SM and clock",
            sms,
            clock / 1e6,
            rate.getAsInt());
    return new Roof(sms * clock * rate.getAsInt(), null, source);
  }
}
