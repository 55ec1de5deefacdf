package dev.flopmeter.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;

/**
 * An ONNX file with any number of nodes: residual blocks of a convolution, a rectifier and a sum.
 */
public final class GeneratedModel {
  private static final int CHANNELS = 8;
  private static final int FLOAT = 1;

  private GeneratedModel() {}

  /**
   * The file.
   *
   * @param nodes how many, rounded down to a multiple of 3
   */
  public static byte[] ofNodes(int nodes) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("generated");
    graph.addInput(input());
    String x = "input";
    for (int i = 0; i < nodes / 3; i++) {
      String block = "stage" + i / 100 + ".block" + i;
      graph.addInitializer(weight(block + ".weight"));
      graph.addNode(
          node("Conv", block + ".conv", x, block + ".weight").addAttribute(kernel()).build());
      graph.addNode(node("Relu", block + ".relu", block + ".conv").build());
      graph.addNode(node("Add", block + ".add", block + ".relu", x).build());
      x = block + ".add";
    }
    graph.addOutput(ValueInfoProto.newBuilder().setName(x));
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  private static NodeProto.Builder node(String op, String name, String... inputs) {
    NodeProto.Builder node = NodeProto.newBuilder().setOpType(op).setName(name).addOutput(name);
    for (String input : inputs) {
      node.addInput(input);
    }
    return node;
  }

  private static AttributeProto kernel() {
    return AttributeProto.newBuilder()
        .setName("kernel_shape")
        .setType(AttributeProto.AttributeType.INTS)
        .addInts(1)
        .addInts(1)
        .build();
  }

  private static TensorProto weight(String name) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(FLOAT)
        .addDims(CHANNELS)
        .addDims(CHANNELS)
        .addDims(1)
        .addDims(1)
        .setRawData(ByteString.copyFrom(new byte[Float.BYTES * CHANNELS * CHANNELS]))
        .build();
  }

  private static ValueInfoProto input() {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dim : new long[] {1, CHANNELS, 16, 16}) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
    }
    return ValueInfoProto.newBuilder()
        .setName("input")
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(FLOAT).setShape(shape)))
        .build();
  }
}
