package dev.flopmeter.device;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A device that networks run on.
 *
 * @param id {@code cpu} or {@code cuda:0}
 * @param name the vendor's name of it
 * @param properties what else is known, such as {@code driver}, {@code cuda}, {@code cudnn}, {@code
 *     compute_capability}, {@code sm_count}, {@code memory_bytes}, {@code cores}
 * @param isEmulated true for the emulated GPU, whose times are not valid
 */
public record Device(
    DeviceKind kind, String id, String name, Map<String, String> properties, boolean isEmulated) {
  public Device {
    properties = Map.copyOf(properties);
  }

  /** A property that is a number, 0 or more; null if it is missing or something else. */
  public @Nullable Double number(String property) {
    String text = properties.getOrDefault(property, "");
    return text.matches("[0-9]{1,18}(\\.[0-9]{1,18})?") ? Double.valueOf(text) : null;
  }
}
