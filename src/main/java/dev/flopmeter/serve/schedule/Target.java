package dev.flopmeter.serve.schedule;

import dev.flopmeter.serve.config.ServeConfig.Workload;

/**
 * What one run measures: a workload on a device in a precision.
 *
 * @param device {@code cpu}, {@code cuda:N}, or {@code auto} if the devices are unknown
 */
public record Target(Workload workload, String device, String precision) {

  /** What stays the same when the workload's settings change. */
  public record Id(String workload, String device, String precision) {}

  public Id id() {
    return new Id(workload.name(), device, precision);
  }
}
