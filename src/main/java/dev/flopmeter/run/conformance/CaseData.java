package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.onnx.OnnxModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One data set of a case.
 *
 * @param inputs by name, in the model's order
 * @param expected the right outputs, by name, in the model's order
 */
record CaseData(Map<String, Tensor> inputs, Map<String, Tensor> expected) {
  /** Inputs of at most this many elements may be shapes, axes, sizes and the like. */
  private static final int LARGEST_ARGUMENT = 1024;

  /** The first value of {@code model} that is not a tensor but a sequence, an optional or a map. */
  static Optional<String> withoutTensor(OnnxModel model) {
    return Stream.concat(
            model.inputs().stream().map(value -> Map.entry("input", value)),
            model.graph().outputs().stream().map(value -> Map.entry("output", value)))
        .filter(value -> value.getValue().type() == null)
        .map(
            value -> "the " + value.getKey() + " '" + value.getValue().name() + "' is not a tensor")
        .findFirst();
  }

  /**
   * Reads {@code input_i.pb} and {@code output_i.pb} in {@code folder}.
   *
   * @throws InvalidCaseException if one is missing or damaged, or an input is not as declared
   */
  static CaseData read(OnnxModel model, Path folder) {
    Map<String, Tensor> inputs = tensors(model.inputs(), folder, "input_");
    model.inputs().forEach(declared -> requireFitting(declared, inputs, folder));
    String next = "output_" + model.graph().outputs().size() + ".pb";
    if (Files.exists(folder.resolve(next))) {
      throw new InvalidCaseException(
          "%s: the model has no output for %s".formatted(folder.getFileName(), next));
    }
    return new CaseData(inputs, tensors(model.graph().outputs(), folder, "output_"));
  }

  private static Map<String, Tensor> tensors(List<ValueInfo> values, Path folder, String prefix) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      try {
        tensors.put(values.get(i).name(), OnnxModel.readTensor(folder.resolve(prefix + i + ".pb")));
      } catch (ModelException e) {
        throw new InvalidCaseException(e);
      }
    }
    return tensors;
  }

  private static void requireFitting(ValueInfo declared, Map<String, Tensor> inputs, Path folder) {
    Tensor tensor = inputs.get(declared.name());
    if (tensor == null || isFitting(declared, tensor)) {
      return;
    }
    throw new InvalidCaseException(
        "%s: the input '%s' is %s in the data, but the model declares %s[%s]"
            .formatted(
                folder.getFileName(),
                declared.name(),
                tensor.type(),
                declared.type() == null ? "" : declared.type().label(),
                declared.dimsText()));
  }

  private static boolean isFitting(ValueInfo declared, Tensor tensor) {
    List<Dim> dims = declared.dims();
    Shape shape = tensor.shape();
    if (declared.type() != tensor.type().type() || dims == null || dims.size() != shape.rank()) {
      return declared.type() == tensor.type().type() && dims == null;
    }
    return IntStream.range(0, dims.size())
        .allMatch(axis -> dims.get(axis).isFree() || dims.get(axis).size() == shape.dim(axis));
  }

  /**
   * Binds the shapes of the data. If shapes stay open, small integer inputs, then small inputs of
   * any type, are treated as arguments that determine shapes.
   */
  Graph bind(OnnxModel model) {
    Graph graph = bind(model, ignored -> false);
    if (isSettled(graph)) {
      return graph;
    }
    Graph better = bind(model, tensor -> !tensor.type().type().isFloat());
    return isSettled(better) ? better : bindWhole(model);
  }

  /** Binds the values of all small inputs. */
  Graph bindWhole(OnnxModel model) {
    return bind(model, ignored -> true);
  }

  private Graph bind(OnnxModel model, Predicate<Tensor> isArgument) {
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
