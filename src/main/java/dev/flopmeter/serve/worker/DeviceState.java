package dev.flopmeter.serve.worker;

import org.jspecify.annotations.Nullable;

/**
 * A device as {@code flopmeter devices --format json} tells of it.
 *
 * @param utilization share of the last second or so that it was busy, 0 to 1; null where unknown
 * @param memoryFreeBytes null where unknown
 */
public record DeviceState(
    String id, String kind, @Nullable Double utilization, @Nullable Double memoryFreeBytes) {}
