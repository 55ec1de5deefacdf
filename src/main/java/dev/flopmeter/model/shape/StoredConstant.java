package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;

/** The value of a Constant. */
public final class StoredConstant {
  private StoredConstant() {}

  /**
   * The tensor that these attributes of a Constant describe.
   *
   * @throws ModelException if none does
   */
  public static Tensor of(Attributes attributes) {
    if (attributes.has("value_int")) {
      return Tensor.ofLong(attributes.integer("value_int"));
    }
    if (attributes.has("value_float")) {
      return Tensor.ofFloats(Shape.SCALAR, attributes.number("value_float"));
    }
    if (attributes.has("value_string")) {
      return FilledTensor.ofText(Shape.SCALAR);
    }
    return attributes
        .tensor("value")
        .or(() -> attributes.integers("value_ints").map(Tensor::ofLongs))
        .or(() -> attributes.numbers("value_floats").map(StoredConstant::floats))
        .or(
            () ->
                attributes
                    .texts("value_strings")
                    .map(list -> FilledTensor.ofText(Shape.of(list.size()))))
        .orElseThrow(
            () ->
                new ModelException(
                    "a Constant requires one of value, value_int(s), value_float(s) and"
                        + " value_string(s)"));
  }

  private static Tensor floats(List<Float> values) {
    return DenseTensor.ofFloats(Shape.of(values.size()), i -> values.get(i));
  }
}
