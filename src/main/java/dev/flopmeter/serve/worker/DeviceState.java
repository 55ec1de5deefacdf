package dev.flopmeter.serve.worker;

import org.jspecify.annotations.Nullable;

/**
 * A device as {@code flopmeter devices --format json} lists it.
 *
 * @param utilization share of the last second or so that it was busy, 0 to 1; null if unknown
 * @param memoryFreeBytes null if unknown
 */
public record DeviceState(
    String id, String kind, @Nullable Double utilization, @Nullable Double memoryFreeBytes) {}
