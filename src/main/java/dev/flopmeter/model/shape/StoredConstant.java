package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;

/** What a Constant holds. */
public final class StoredConstant {
  private StoredConstant() {}

  /**
   * The tensor that these attributes of a Constant describe.
   *
   * @throws ModelException if none does
   */
  public static Tensor of(Attributes attributes) {
    if (attributes.has("value")) {
      return attributes.tensor("value").orElseThrow();
    }
    if (attributes.has("value_int")) {
      return Tensor.ofLong(attributes.integer("value_int"));
    }
    if (attributes.has("value_ints")) {
      return Tensor.ofLongs(attributes.integers("value_ints").orElseThrow());
    }
    if (attributes.has("value_float")) {
      return Tensor.ofFloats(Shape.SCALAR, attributes.number("value_float"));
    }
    if (attributes.has("value_floats")) {
      float[] values = attributes.numbers("value_floats").orElseThrow();
      return Tensor.ofFloats(Shape.of(values.length), values);
    }
    if (attributes.has("value_string")) {
      return texts(Shape.SCALAR);
    }
    if (attributes.has("value_strings")) {
      return texts(Shape.of(attributes.texts("value_strings").orElseThrow().size()));
    }
    throw new ModelException(
        "a Constant needs one of value, value_int(s), value_float(s) and value_string(s)");
  }

  /** No count needs what a text says. */
  private static Tensor texts(Shape shape) {
    return new FilledTensor(
        new TensorType(DataType.STRING, shape),
        DenseTensor.of(TensorType.of(DataType.STRING), ByteBuffer.allocate(0)));
  }
}
