package dev.flopmeter.measure;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.run.Step;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The channels of a step's convolution or fully connected layer, from the shape of its weights. */
record StepChannels(Graph graph, GraphLinks links) {
  /** Null for a step without such a node. */
  @Nullable Channels of(Step step) {
    return step.nodes().stream()
        .map(links::node)
        .filter(Objects::nonNull)
        .map(this::of)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private @Nullable Channels of(Node node) {
    if (!node.domain().isEmpty() || !node.hasInput(1)) {
      return null;
    }
    Shape weights = graph.type(node.inputs().get(1)).map(TensorType::shape).orElse(null);
    if (weights == null
        || weights.rank() < 2
        || (weights.rank() > 2 && !node.op().equals("Conv"))) {
      return null;
    }
    TensorType result = graph.type(node.outputs().get(0)).orElse(null);
    long group = node.attributes().integer("group", 1);
    if (node.op().equals("Conv")) { // (out, in of a group, ...)
      return channels(weights.dim(1) * group, weights.dim(0), group, result);
    }
    if (!OperatorTrait.PRODUCT.of(node)) {
      return null;
    }
    return node.attributes().integer("transB", 0) == 0 // (in, out)
        ? channels(weights.dim(0), weights.dim(1), 1, result)
        : channels(weights.dim(1), weights.dim(0), 1, result);
  }

  private static Channels channels(long in, long out, long groups, @Nullable TensorType result) {
    Long positions = result == null || out < 1 ? null : result.elements() / out;
    return new Channels(in, out, groups > 1 ? groups : null, positions);
  }
}
