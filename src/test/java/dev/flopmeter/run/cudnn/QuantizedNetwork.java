package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A network with QuantizeLinear and DequantizeLinear around its convolutions, as quantisers write
 * it: images with one scale, weights with one per output channel, zero points of 0. The ranges of
 * the images are a constant: for what is planned they do not matter.
 */
final class QuantizedNetwork {
  private static final double IMAGE_STEP = 1.0 / 16;

  private final GraphBuilder builder;
  private final Graph graph;
  private final Set<String> quantized = new HashSet<>();
  private final Set<String> constants = new HashSet<>();

  private QuantizedNetwork(Graph graph) {
    this.graph = graph;
    this.builder = new GraphBuilder(graph.name() + "-qdq", 17);
  }

  static Graph of(Graph graph) {
    return new QuantizedNetwork(graph).built();
  }

  private Graph built() {
    graph.inputs().forEach(input -> builder.input(input, graph.requireType(input)));
    for (Node node : graph.nodes()) {
      List<String> inputs = new ArrayList<>(node.inputs());
      for (String input : inputs) {
        if (constants.add(input)) {
          graph.constant(input).ifPresent(value -> builder.constant(input, value));
        }
      }
      if (isQuantized(node)) {
        inputs.set(0, image(inputs.get(0), node.name() + ".image"));
        inputs.set(1, weights(inputs.get(1)));
      }
      builder.add(
          new Node(
              node.name(),
              node.domain(),
              node.op(),
              node.opset(),
              inputs,
              node.outputs(),
              node.attributes(),
              node.metadata()));
    }
    return builder.build(graph.outputs());
  }

  private boolean isQuantized(Node node) {
    return node.qualifiedOp().equals("Conv")
        && node.attributes().integer("group", 1) == 1
        && graph.requireType(node.inputs().get(0)).shape().dim(1) % 4 == 0;
  }

  private String image(String value, String name) {
    String step = value + ".step";
    if (quantized.add(value)) {
      builder.constant(step, FilledTensor.of(TensorType.of(DataType.FLOAT), IMAGE_STEP));
      builder.constant(value + ".zero", FilledTensor.of(TensorType.of(DataType.INT8), 0));
      builder.add("QuantizeLinear", value + ".int8", Attributes.NONE, value, step, value + ".zero");
    }
    return builder.add("DequantizeLinear", name, Attributes.NONE, value + ".int8", step);
  }

  private String weights(String name) {
    Tensor tensor = graph.constant(name).orElseThrow();
    int outputs = (int) tensor.shape().dim(0);
    int each = (int) (tensor.elements() / outputs);
    double[] steps = new double[outputs];
    ByteBuffer integers = ByteBuffer.allocate(outputs * each);
    for (int k = 0; k < outputs; k++) {
      double most = 1e-9;
      for (int i = 0; i < each; i++) {
        most = Math.max(most, Math.abs(tensor.doubleAt((long) k * each + i)));
      }
      steps[k] = most / 127;
      for (int i = 0; i < each; i++) {
        integers.put((byte) Math.rint(tensor.doubleAt((long) k * each + i) / steps[k]));
      }
    }
    TensorType type = TensorType.of(DataType.INT8, tensor.shape().dims());
    builder.constant(name + ".int8", DenseTensor.of(type, integers.flip()));
    builder.constant(
        name + ".scale", DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, outputs), steps));
    return builder.add(
        "DequantizeLinear",
        name + ".float",
        Attributes.of("axis", 0L),
        name + ".int8",
        name + ".scale");
  }
}
