package dev.flopmeter.run.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Tensors of ONNX Runtime's Java API, and back. */
final class OrtTensors {
  private OrtTensors() {}

  /**
   * A tensor that ONNX Runtime reads where it is.
   *
   * @throws UnsupportedOperatorException if the Java API has no such element type
   */
  static OnnxTensor placed(OrtEnvironment environment, String name, Tensor tensor)
      throws OrtException {
    ByteBuffer data = tensor.data();
    ByteBuffer direct =
        ByteBuffer.allocateDirect(data.remaining()).order(ByteOrder.nativeOrder()).put(data).flip();
    return OnnxTensor.createTensor(
        environment, direct, tensor.shape().dims(), javaType(name, tensor.type().type()));
  }

  static OnnxJavaType javaType(String name, DataType type) {
    for (OnnxJavaType known : OnnxJavaType.values()) {
      if (known.name().equals(type.name()) && known != OnnxJavaType.STRING) {
        return known;
      }
    }
    throw new UnsupportedOperatorException(
        OrtBackend.NAME,
        "feed the input '" + name + "': ONNX Runtime's Java API has no tensors of " + type.label());
  }

  /**
   * A copy of what ONNX Runtime computed.
   *
   * @throws UnsupportedOperatorException if it is no tensor of numbers
   */
  static Tensor fetched(String name, OnnxValue value) {
    if (!(value instanceof OnnxTensor tensor)
        || tensor.getInfo().type == OnnxJavaType.STRING
        || tensor.getInfo().type == OnnxJavaType.UNKNOWN) {
      throw new UnsupportedOperatorException(
          OrtBackend.NAME, "read the output '" + name + "': it is not a tensor of numbers");
    }
    DataType type = DataType.named(tensor.getInfo().type.name());
    ByteBuffer bytes = tensor.getByteBuffer().rewind();
    return DenseTensor.of(new TensorType(type, Shape.of(tensor.getInfo().getShape())), bytes);
  }
}
