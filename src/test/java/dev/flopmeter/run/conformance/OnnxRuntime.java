package dev.flopmeter.run.conformance;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.onnx.OnnxWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs graphs with ONNX Runtime on the CPU, with its optimiser off. */
final class OnnxRuntime {
  private OnnxRuntime() {}

  /** The outputs of {@code graph} for these inputs, both by value name. */
  static Map<String, Tensor> run(Graph graph, Map<String, Tensor> fed) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
      try (OrtSession session = environment.createSession(bytes(graph), options)) {
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try {
          for (Map.Entry<String, NodeInfo> input : session.getInputInfo().entrySet()) {
            inputs.put(input.getKey(), placed(environment, fed.get(input.getKey())));
          }
          try (OrtSession.Result result = session.run(inputs)) {
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            for (Map.Entry<String, OnnxValue> output : result) {
              outputs.put(output.getKey(), read((OnnxTensor) output.getValue()));
            }
            return outputs;
          }
        } finally {
          inputs.values().forEach(OnnxTensor::close);
        }
      }
    }
  }

  static byte[] bytes(Graph graph) {
    try {
      Path file = Files.createTempFile("conformance", ".onnx");
      try {
        OnnxWriter.write(graph, file);
        return Files.readAllBytes(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static OnnxTensor placed(OrtEnvironment environment, Tensor tensor) throws OrtException {
    DataType type = tensor.type().type();
    OnnxJavaType java = OnnxJavaType.valueOf(type.name());
    ByteBuffer data = tensor.data();
    ByteBuffer direct =
        ByteBuffer.allocateDirect(data.remaining()).order(ByteOrder.nativeOrder()).put(data).flip();
    return OnnxTensor.createTensor(environment, direct, tensor.shape().dims(), java);
  }

  private static Tensor read(OnnxTensor tensor) {
    // Java's name of a type is the same for uint16 and int16.
    String name = tensor.getInfo().onnxType.name();
    DataType type = DataType.named(name.substring(name.lastIndexOf('_') + 1));
    ByteBuffer bytes = tensor.getByteBuffer();
    bytes.rewind();
    return DenseTensor.of(new TensorType(type, Shape.of(tensor.getInfo().getShape())), bytes);
  }
}
