package dev.flopmeter.run.cudnn.plan;

import java.util.List;
import java.util.stream.Stream;

/**
 * One step, before it is prepared on a device.
 *
 * @param nodes the graph's nodes it serves; empty for what we add ourselves
 * @param writes what it writes first-hand; a residual that lies under the output is in both
 * @param works launched one after the other
 */
public record PlannedStep(
    String name,
    String op,
    List<String> nodes,
    List<TensorView> reads,
    List<TensorView> writes,
    List<Work> works) {
  public PlannedStep {
    nodes = List.copyOf(nodes);
    reads = List.copyOf(reads);
    writes = List.copyOf(writes);
    works = List.copyOf(works);
  }

  public Stream<Buffer> blocks() {
    return Stream.concat(reads.stream(), writes.stream()).map(TensorView::block).distinct();
  }
}
