package dev.flopmeter.measure;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.Traffic;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Step;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ObjLongConsumer;

/**
 * Compulsory bytes of steps: what crosses a step's border, each value once. For a step of one node
 * that is what {@code count} says; values between fused nodes never leave the chip and are not in
 * it.
 *
 * @param counted the nodes' cost by name
 * @param precision as which a model's float32 values are stored; its integers stay as they are
 */
record StepTraffic(
    Graph graph, GraphLinks links, Map<String, LayerCost> counted, Precision precision) {

  /** Bytes of a whole count, at the run's precision. */
  double bytes(Map<DataType, BytesMoved> byType) {
    double bytes = 0;
    for (Map.Entry<DataType, BytesMoved> entry : byType.entrySet()) {
      BytesMoved moved = entry.getValue();
      bytes += scale(entry.getKey()) * ((double) moved.read() + moved.written());
    }
    return bytes;
  }

  private double scale(DataType type) {
    return type == DataType.FLOAT ? precision.bytes() / 4.0 : 1;
  }

  /**
   * Bytes at the run's precision; values whose shape depends on data do not count. Whether a
   * transposition or a slice moves anything is the backend's choice.
   */
  double bytes(Step step) {
    if (step.kernel().algorithm().equals(KernelInfo.VIEW)) {
      return 0;
    }
    List<Node> nodes = step.nodes().stream().map(links::node).filter(Objects::nonNull).toList();
    return nodes.size() == 1 ? bytes(nodes.get(0)) : crossing(step, nodes);
  }

  private double bytes(Node node) {
    LayerCost layer = counted.get(node.name());
    if (OperatorTrait.CONTROL_FLOW.of(node) && layer != null) {
      return layer.cost().bytes(); // only the CPU runs bodies, at the model's own precision
    }
    if (graph.isComputedAtLoad(node) || Traffic.isWidening(links, node)) {
      return 0;
    }
    double[] bytes = {0};
    ObjLongConsumer<DataType> sink = (type, moved) -> bytes[0] += scale(type) * moved;
    Operands in = Operands.of(graph, node);
    Traffic.read(Traffic.stored(GraphScope.of(graph), links, node), sink);
    Traffic.written(in, sink);
    return bytes[0];
  }

  private double crossing(Step step, List<Node> nodes) {
    Set<String> names = new HashSet<>(step.nodes());
    Set<String> written = new HashSet<>();
    nodes.forEach(node -> written.addAll(node.outputs()));
    Set<String> crossing = new HashSet<>();
    nodes.forEach(node -> crossing.addAll(GraphLinks.reads(node)));
    crossing.removeAll(written);
    written.removeIf(
        output ->
            !links.isReturned(output)
                && links.readers(output).stream().allMatch(one -> names.contains(one.name())));
    crossing.addAll(written);
    double bytes = 0;
    for (String value : crossing) {
      TensorType type = graph.types().get(value);
      bytes += type == null ? 0 : scale(type.type()) * type.bytes();
    }
    return bytes;
  }
}
