package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import java.util.Map;
import java.util.function.Predicate;

/** Binds a model to the data of a case. */
final class CaseBinding {
  /** Inputs of at most this many elements may be shapes, axes, sizes and the like. */
  private static final int LARGEST_ARGUMENT = 1024;

  private CaseBinding() {}

  /**
   * Binds the shapes of the data. Where that leaves shapes open, small integer inputs, then small
   * inputs of any type, are taken for arguments that decide about shapes.
   */
  static Graph bind(OnnxModel model, Map<String, Tensor> inputs) {
    Graph graph = bind(model, inputs, ignored -> false);
    if (isSettled(graph)) {
      return graph;
    }
    Graph better = bind(model, inputs, tensor -> !tensor.type().type().isFloat());
    return isSettled(better) ? better : bindWhole(model, inputs);
  }

  /** Binds the values of all small inputs. */
  static Graph bindWhole(OnnxModel model, Map<String, Tensor> inputs) {
    return bind(model, inputs, ignored -> true);
  }

  private static Graph bind(
      OnnxModel model, Map<String, Tensor> inputs, Predicate<Tensor> isArgument) {
    Bindings bindings = Bindings.NONE;
    for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
      Tensor tensor = input.getValue();
      boolean small = tensor.shape().rank() <= 1 && tensor.elements() <= LARGEST_ARGUMENT;
      bindings =
          small && isArgument.test(tensor)
              ? bindings.withValue(input.getKey(), tensor)
              : bindings.withShape(input.getKey(), tensor.shape());
    }
    return model.bind(bindings);
  }

  private static boolean isSettled(Graph graph) {
    return graph.nodes().stream()
        .flatMap(node -> node.outputs().stream())
        .allMatch(output -> output.isEmpty() || graph.type(output).isPresent());
  }
}
