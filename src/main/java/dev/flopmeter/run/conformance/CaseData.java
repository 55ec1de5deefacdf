package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Dim;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.onnx.TensorFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One data set of a case.
 *
 * @param inputs by name, in the model's order
 * @param expected the right outputs, by name, in the model's order
 */
record CaseData(Map<String, Tensor> inputs, Map<String, Tensor> expected) {

  /** The first value of {@code model} that is not a tensor but a sequence, an optional or a map. */
  static Optional<String> withoutTensor(OnnxModel model) {
    return Stream.concat(
            model.inputs().stream().map(value -> Map.entry("input", value)),
            model.outputs().stream().map(value -> Map.entry("output", value)))
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
    String next = "output_" + model.outputs().size() + ".pb";
    if (Files.exists(folder.resolve(next))) {
      throw new InvalidCaseException(
          "%s: the model has no output for %s".formatted(folder.getFileName(), next));
    }
    return new CaseData(inputs, tensors(model.outputs(), folder, "output_"));
  }

  private static Map<String, Tensor> tensors(List<ValueInfo> values, Path folder, String prefix) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      try {
        tensors.put(values.get(i).name(), TensorFile.read(folder.resolve(prefix + i + ".pb")));
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
}
