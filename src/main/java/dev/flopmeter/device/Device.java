package dev.flopmeter.device;

import java.util.Map;

/**
 * A device that networks run on.
 *
 * @param id {@code cpu} or {@code cuda:0}
 * @param name the vendor's name of it
 * @param properties what else is known, such as {@code driver}, {@code cuda}, {@code cudnn}, {@code
 *     compute_capability}, {@code sm_count}, {@code memory_bytes}, {@code cores}
 * @param isEmulated true for the emulated GPU, whose times mean nothing
 */
public record Device(
    DeviceKind kind, String id, String name, Map<String, String> properties, boolean isEmulated) {
  public Device {
    properties = Map.copyOf(properties);
  }
}
