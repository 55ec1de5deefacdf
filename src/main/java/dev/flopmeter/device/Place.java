package dev.flopmeter.device;

import com.sun.jna.Pointer;
import dev.flopmeter.device.NodeSample.Part;
import org.jspecify.annotations.Nullable;

/**
 * A sampled device: a whole GPU, or an instance of it.
 *
 * @param handle its own
 * @param gpu the handle of the GPU
 * @param instance NVML's id of the GPU instance; -1 for a whole GPU
 */
record Place(
    Pointer handle,
    Pointer gpu,
    int instance,
    String device,
    String uuid,
    String parent,
    @Nullable Part part) {
  boolean isWhole() {
    return instance < 0;
  }
}
