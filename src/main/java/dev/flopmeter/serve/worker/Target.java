package dev.flopmeter.serve.worker;

import dev.flopmeter.serve.config.ServeConfig.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What one run measures: a workload on a device in a precision, over all its batch sizes.
 *
 * @param device {@code cpu}, {@code cuda:N}, or {@code auto} if the devices are unknown
 */
public record Target(Workload workload, String device, String precision) {
  /** What stays the same when the workload's settings change. */
  public record Id(String workload, String device, String precision) {}

  public Id id() {
    return new Id(workload.name(), device, precision);
  }

  /** The arguments of the worker, the CLI. */
  List<String> arguments() {
    List<String> arguments =
        new ArrayList<>(List.of("profile", workload.model(), "--format", "jsonl", "--raw"));
    arguments.addAll(List.of("--device", device, "--precision", precision));
    arguments.addAll(batches(workload));
    arguments.addAll(List.of("--max-time", workload.maxTime().toMillis() + "ms"));
    arguments.addAll(List.of("--backend", workload.backend(), "--layout", workload.layout()));
    arguments.addAll(List.of("--search", workload.search()));
    if (!workload.fuse()) {
      arguments.add("--no-fuse");
    }
    workload.inputs().forEach(input -> arguments.addAll(List.of("--input", input)));
    return arguments;
  }

  /** None if the batch size is the model's own. */
  public static List<String> batches(Workload workload) {
    String sizes =
        workload.batches().stream().map(String::valueOf).collect(Collectors.joining(","));
    return sizes.isEmpty() ? List.of() : List.of("--batch", sizes);
  }

  /** Number of results of a complete run. */
  int expectedResults() {
    return Math.max(1, workload.batches().size());
  }
}
