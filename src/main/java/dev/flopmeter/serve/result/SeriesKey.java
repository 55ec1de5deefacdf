package dev.flopmeter.serve.result;

/**
 * What makes one series of results: the labels of a workload's metrics.
 *
 * @param device the device that really ran it, such as {@code cuda:0}
 */
public record SeriesKey(
    String workload, String model, String device, String backend, String precision, long batch) {}
