package dev.flopmeter.serve.result;

import dev.flopmeter.result.ProfileResult;

/**
 * What makes one series of results: the labels of a workload's metrics.
 *
 * @param device the device that really ran it, such as {@code cuda:0}
 */
public record SeriesKey(
    String workload, String model, String device, String backend, String precision, long batch) {

  static SeriesKey of(String workload, ProfileResult result) {
    return new SeriesKey(
        workload,
        result.model().name(),
        result.device().id(),
        result.run().backend(),
        result.run().precision().label(),
        result.run().batch());
  }
}
