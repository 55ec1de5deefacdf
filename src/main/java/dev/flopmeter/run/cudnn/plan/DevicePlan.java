package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The plan of a whole graph, before it is prepared on a device.
 *
 * @param inputs where each fed value goes
 * @param outputs where each result is read; constants may be among them
 */
public record DevicePlan(
    List<PlannedStep> steps, Map<String, TensorView> inputs, Map<String, TensorView> outputs) {
  /** The name of the backend that runs it, on the command line, in results and in errors. */
  public static final String BACKEND = "cudnn";

  public DevicePlan {
    steps = List.copyOf(steps);
    inputs = Map.copyOf(inputs);
    outputs = Map.copyOf(outputs);
  }

  /**
   * One step, before it is prepared on a device.
   *
   * @param nodes the graph's nodes it serves; empty for what we add ourselves
   * @param writes the values of the graph that it writes
   * @param works launched one after the other
   */
  public record PlannedStep(
      String name, String op, List<String> nodes, List<TensorView> writes, List<Work> works) {
    public PlannedStep {
      nodes = List.copyOf(nodes);
      writes = List.copyOf(writes);
      works = List.copyOf(works);
    }

    /** All that it reads or writes. */
    public Stream<Buffer> blocks() {
      return Stream.concat(writes.stream(), works.stream().flatMap(Work::views))
          .map(TensorView::block)
          .distinct();
    }
  }
}
