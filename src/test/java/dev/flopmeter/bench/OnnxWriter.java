package dev.flopmeter.bench;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.ByteString;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes a graph as an ONNX file, so that another runtime can run it. */
public final class OnnxWriter {
  /** The newest file format that every runtime of 2024 and later reads. */
  private static final int FORMAT = 9;

  /** The first format, and the first opset, with 4-bit types. */
  private static final int FOUR_BIT_FORMAT = 10;

  private static final int FOUR_BIT_OPSET = 21;

  private OnnxWriter() {}

  static void write(Graph graph, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      model(graph).writeTo(out);
    }
  }

  /** The file's content. */
  public static byte[] bytes(Graph graph) {
    return model(graph).toByteArray();
  }

  private static OnnxMl.ModelProto model(Graph graph) {
    OnnxMl.GraphProto.Builder proto = OnnxMl.GraphProto.newBuilder().setName(graph.name());
    graph.inputs().forEach(name -> proto.addInput(value(name, graph.requireType(name))));
    graph.outputs().forEach(name -> proto.addOutput(value(name, graph.requireType(name))));
    graph.constants().forEach((name, tensor) -> proto.addInitializer(tensor(tensor).setName(name)));
    graph.nodes().forEach(node -> proto.addNode(node(node)));
    Map<String, Integer> opsets = new TreeMap<>();
    graph.nodes().forEach(node -> opsets.merge(node.domain(), node.opset(), Math::max));
    opsets.putIfAbsent("", graph.opset());
    OnnxMl.ModelProto.Builder model =
        OnnxMl.ModelProto.newBuilder()
            .setIrVersion(graph.opset() < FOUR_BIT_OPSET ? FORMAT : FOUR_BIT_FORMAT)
            .setGraph(proto);
    opsets.forEach(
        (domain, version) ->
            model.addOpsetImport(
                OnnxMl.OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version)));
    return model.build();
  }

  private static OnnxMl.ValueInfoProto value(String name, TensorType type) {
    OnnxMl.TensorShapeProto.Builder shape = OnnxMl.TensorShapeProto.newBuilder();
    for (long dim : type.shape().dims()) {
      shape.addDim(OnnxMl.TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
    }
    return OnnxMl.ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            OnnxMl.TypeProto.newBuilder()
                .setTensorType(
                    OnnxMl.TypeProto.Tensor.newBuilder()
                        .setElemType((int) type.type().code())
                        .setShape(shape)))
        .build();
  }

  private static OnnxMl.TensorProto.Builder tensor(Tensor tensor) {
    OnnxMl.TensorProto.Builder proto =
        OnnxMl.TensorProto.newBuilder()
            .setDataType((int) tensor.type().type().code())
            .setRawData(ByteString.copyFrom(tensor.data()));
    for (long dim : tensor.shape().dims()) {
      proto.addDims(dim);
    }
    return proto;
  }

  private static OnnxMl.NodeProto node(Node node) {
    OnnxMl.NodeProto.Builder proto =
        OnnxMl.NodeProto.newBuilder()
            .setName(node.name())
            .setDomain(node.domain())
            .setOpType(node.op())
            .addAllInput(node.inputs())
            .addAllOutput(node.outputs());
    node.attributes().asMap().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> proto.addAttribute(attribute(entry.getKey(), entry.getValue())));
    return proto.build();
  }

  private static OnnxMl.AttributeProto attribute(String name, Object value) {
    OnnxMl.AttributeProto.Builder proto = OnnxMl.AttributeProto.newBuilder().setName(name);
    if (value instanceof Float || value instanceof Double) {
      proto.setType(OnnxMl.AttributeProto.AttributeType.FLOAT).setF(((Number) value).floatValue());
    } else if (value instanceof Number number) {
      proto.setType(OnnxMl.AttributeProto.AttributeType.INT).setI(number.longValue());
    } else if (value instanceof String text) {
      proto.setType(OnnxMl.AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8(text));
    } else if (value instanceof List<?> list && list.stream().allMatch(Long.class::isInstance)) {
      proto.setType(OnnxMl.AttributeProto.AttributeType.INTS);
      list.forEach(number -> proto.addInts((Long) number));
    } else if (value instanceof List<?> list && list.stream().allMatch(Float.class::isInstance)) {
      proto.setType(OnnxMl.AttributeProto.AttributeType.FLOATS);
      list.forEach(number -> proto.addFloats((Float) number));
    } else {
      throw new IllegalArgumentException(
          "the attribute '" + name + "' of " + value.getClass() + " cannot be written");
    }
    return proto.build();
  }
}
