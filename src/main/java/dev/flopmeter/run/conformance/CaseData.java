package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Dim;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.onnx.TensorFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One data set of a case.
 *
 * @param inputs by name, in the model's order
 * @param expected the right outputs, by name, in the model's order
 */
record CaseData(Map<String, Tensor> inputs, Map<String, Tensor> expected) {

  /** The first value of {@code model} that is not a tensor but a sequence, an optional or a map. */
  static Optional<String> withoutTensor(OnnxModel model) {
    for (ValueInfo input : model.inputs()) {
      if (input.type() == null) {
        return Optional.of("the input '" + input.name() + "' is not a tensor");
      }
    }
    for (ValueInfo output : model.outputs()) {
      if (output.type() == null) {
        return Optional.of("the output '" + output.name() + "' is not a tensor");
      }
    }
    return Optional.empty();
  }

  /**
   * Reads {@code input_i.pb} and {@code output_i.pb} in {@code folder}.
   *
   * @throws InvalidCaseException if one is missing or damaged, or an input is not as declared
   */
  static CaseData read(OnnxModel model, Path folder) {
    Map<String, Tensor> inputs = tensors(model.inputs(), folder, "input_");
    model.inputs().forEach(declared -> requireFitting(declared, inputs, folder));
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
        folder.getFileName()
            + ": the input '"
            + declared.name()
            + "' is "
            + tensor.type()
            + " in the data, but the model declares "
            + (declared.type() == null ? "" : declared.type().label())
            + "["
            + declared.dimsText()
            + "]");
  }

  private static boolean isFitting(ValueInfo declared, Tensor tensor) {
    List<Dim> dims = declared.dims();
    if (declared.type() != tensor.type().type()) {
      return false;
    }
    if (dims == null) {
      return true;
    }
    if (dims.size() != tensor.shape().rank()) {
      return false;
    }
    for (int axis = 0; axis < dims.size(); axis++) {
      Dim dim = dims.get(axis);
      if (!dim.isFree() && dim.size() != tensor.shape().dim(axis)) {
        return false;
      }
    }
    return true;
  }
}
