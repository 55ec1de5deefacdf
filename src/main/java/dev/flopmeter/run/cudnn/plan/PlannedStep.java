package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.stream.Stream;

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
