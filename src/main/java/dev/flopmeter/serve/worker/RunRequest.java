package dev.flopmeter.serve.worker;

import dev.flopmeter.serve.config.ServeConfig.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One run: a workload on a device in a precision, over all its batch sizes.
 *
 * @param device as the worker's option: {@code auto}, {@code cpu} or {@code cuda:N}
 */
public record RunRequest(Workload workload, String device, String precision) {

  /** The arguments of the worker, the CLI. */
  List<String> arguments() {
    List<String> arguments =
        new ArrayList<>(List.of("profile", workload.model(), "--format", "jsonl", "--raw"));
    arguments.addAll(List.of("--device", device, "--precision", precision));
    if (!workload.batches().isEmpty()) {
      arguments.addAll(
          List.of(
              "--batch",
              workload.batches().stream().map(String::valueOf).collect(Collectors.joining(","))));
    }
    arguments.addAll(List.of("--max-time", workload.maxTime().toMillis() + "ms"));
    if (!workload.backend().equals("auto")) {
      arguments.addAll(List.of("--backend", workload.backend()));
    }
    if (!workload.layout().equals("auto")) {
      arguments.addAll(List.of("--layout", workload.layout()));
    }
    if (!workload.fuse()) {
      arguments.add("--no-fuse");
    }
    if (!workload.search().equals("quick")) {
      arguments.addAll(List.of("--search", workload.search()));
    }
    workload.inputs().forEach(input -> arguments.addAll(List.of("--input", input)));
    return arguments;
  }

  /** Number of results of a complete run. */
  int expectedResults() {
    return Math.max(1, workload.batches().size());
  }
}
