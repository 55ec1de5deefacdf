package dev.flopmeter.measure;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.run.Step;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The channels of a step's convolution or fully connected layer, as its weights' shape has them.
 */
final class StepChannels {
  private final Graph graph;
  private final Map<String, Node> byName = new HashMap<>();

  StepChannels(Graph graph) {
    this.graph = graph;
    for (Node node : graph.nodes()) {
      byName.put(node.name(), node);
    }
  }

  /** Null for a step without such a node, and for grouped convolutions, which have no such rule. */
  @Nullable Channels of(Step step) {
    return step.nodes().stream()
        .map(byName::get)
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
    if (weights == null || weights.rank() < 2) {
      return null;
    }
    return switch (node.op()) {
      case "Conv" -> // (out, in, ...)
          node.attributes().integer("group", 1) == 1
              ? new Channels(weights.dim(1), weights.dim(0))
              : null;
      case "Gemm" -> // (in, out), or turned
          node.attributes().integer("transB", 0) == 0
              ? new Channels(weights.dim(0), weights.dim(1))
              : new Channels(weights.dim(1), weights.dim(0));
      default -> null;
    };
  }
}
