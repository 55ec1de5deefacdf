package dev.flopmeter.model.quantize;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites a float network as quantisers do: convolutions and products with stored weights read
 * 8-bit values, between {@code QuantizeLinear} and {@code DequantizeLinear}, and so does the
 * addition of a residual that is quantised for others. Weights are symmetric with one scale per
 * output channel, activations with one scale, from their largest magnitude. Everything else stays
 * in floats. Nothing is tuned for accuracy.
 */
public final class SyntheticQuantization {
  /** Matrix units need 8-bit channels in multiples of 4. */
  private static final int CHANNEL_MULTIPLE = 4;

  private static final String RANGE = "/range";

  /**
   * A node that computes with quantised values.
   *
   * @param data the input that is an activation
   * @param axis of the output channels of the weights, its second input; -1 if it has none
   */
  private record Site(Node node, int data, int axis) {
    String value() {
      return node.inputs().get(data);
    }

    String weights() {
      return node.inputs().get(1);
    }
  }

  private final Graph graph;
  private final DataType type;

  /** By name of the node. */
  private final Map<String, Site> sites = new LinkedHashMap<>();

  private SyntheticQuantization(Graph graph, DataType type) {
    this.graph = graph;
    this.type = type;
    graph.nodes().forEach(node -> put(site(node)));
    Set<String> quantized = values();
    GraphLinks links = new GraphLinks(graph);
    graph.nodes().forEach(node -> put(residual(links, quantized, node)));
  }

  /**
   * Finds the parts of a network that can be quantised.
   *
   * @param type {@code INT8} or {@code FLOAT8E4M3FN}
   * @throws ModelException if nothing can be, or if the network is quantised already
   */
  public static SyntheticQuantization of(Graph graph, DataType type) {
    graph.nodes().stream()
        .filter(OperatorTrait.QUANTIZED::of)
        .findFirst()
        .ifPresent(
            node -> {
              throw new ModelException(
                  "%s: the model is already quantised, but not to %s; omit --precision"
                      .formatted(node.describe(), type.label()));
            });
    SyntheticQuantization found = new SyntheticQuantization(graph, type);
    if (found.sites.isEmpty()) {
      throw new ModelException(
          "nothing can be quantised to %s: the model has no convolution and no product by stored"
                  .formatted(type.label())
              + " weights, with channels in fours (of each group); choose another precision");
    }
    return found;
  }

  /** Whether nodes of a network compute with 8-bit activations, so that it is already quantised. */
  public static boolean isQuantized(Graph graph, DataType type) {
    Set<DataType> types = type == DataType.INT8 ? Set.of(type, DataType.UINT8) : Set.of(type);
    return graph.nodes().stream()
        .filter(OperatorTrait.QUANTIZED::of)
        .filter(node -> !graph.isComputedAtLoad(node))
        .flatMap(node -> Stream.concat(node.inputs().stream(), node.outputs().stream()))
        .filter(value -> graph.constant(value).isEmpty())
        .anyMatch(value -> graph.type(value).filter(is -> types.contains(is.type())).isPresent());
  }

  private void put(@Nullable Site site) {
    if (site != null) {
      sites.put(site.node().name(), site);
    }
  }

  private @Nullable Site site(Node node) {
    boolean isProduct =
        node.qualifiedOp().equals("MatMul")
            || (node.qualifiedOp().equals("Gemm") && !node.attributes().flag("transA", false));
    boolean isConvolution = node.qualifiedOp().equals("Conv");
    long groups = isConvolution ? node.attributes().integer("group", 1) : 1;
    if ((!isProduct && !isConvolution)
        || !isActivation(node.inputs().get(0))
        || graph.constant(node.inputs().get(1)).isEmpty()) {
      return null;
    }
    TensorType weights = graph.requireType(node.inputs().get(1));
    boolean isTurned = isConvolution || node.attributes().flag("transB", false);
    if (weights.shape().rank() != (isConvolution ? 4 : 2)
        || !weights.equals(graph.requireType(node.inputs().get(0)).withShape(weights.shape()))) {
      return null;
    }
    long outputs = weights.shape().dim(isTurned ? 0 : 1);
    long summed = weights.shape().dim(isTurned ? 1 : 0);
    boolean isImage = isConvolution && groups == 1 && summed < CHANNEL_MULTIPLE; // zeros are added
    return outputs % (groups * CHANNEL_MULTIPLE) == 0 && (isImage || summed % CHANNEL_MULTIPLE == 0)
        ? new Site(node, 0, isTurned ? 0 : 1)
        : null;
  }

  private boolean isActivation(String value) {
    return graph.constant(value).isEmpty()
        && graph
            .type(value)
            .filter(is -> is.type() == DataType.FLOAT || is.type() == DataType.FLOAT16)
            .filter(is -> is.shape().rank() > 1 && is.elements() > 0)
            .isPresent();
  }

  /** The addition of a value that is quantised for others to the result of a convolution. */
  private @Nullable Site residual(GraphLinks links, Set<String> quantized, Node node) {
    if (!OperatorTrait.ADDITION.of(node) || node.inputs().size() != 2) {
      return null;
    }
    for (int i = 0; i < 2; i++) {
      Node writer = links.writer(node.inputs().get(1 - i));
      boolean isNormalized = writer != null && writer.qualifiedOp().equals("BatchNormalization");
      Node main = writer != null && isNormalized ? links.writer(writer.inputs().get(0)) : writer;
      if (quantized.contains(node.inputs().get(i))
          && main != null
          && main.qualifiedOp().equals("Conv")
          && sites.containsKey(main.name())) {
        return new Site(node, i, -1);
      }
    }
    return null;
  }

  /** The names of the nodes that multiply quantised values. */
  public List<String> nodes() {
    return sites.values().stream()
        .filter(site -> site.axis() >= 0)
        .map(site -> site.node().name())
        .toList();
  }

  private Set<String> values() {
    Set<String> values = new LinkedHashSet<>();
    sites.values().forEach(site -> values.add(site.value()));
    return values;
  }

  /** The network with the largest magnitude of each value to quantise as its outputs. */
  public Graph ranges() {
    GraphBuilder builder = GraphBuilder.of(graph);
    graph.nodes().forEach(node -> builder.add(node, graph));
    List<String> outputs = new ArrayList<>();
    for (String value : values()) {
      String size = add(builder, 0, "Abs", value + "/magnitude", Attributes.NONE, value);
      Attributes all = Attributes.of("keepdims", 0);
      outputs.add(add(builder, 0, "ReduceMax", value + RANGE, all, size));
    }
    return builder.build(outputs);
  }

  /**
   * The quantised network.
   *
   * @param ranges the outputs of {@link #ranges}
   * @throws ModelException if one is infinite or NaN
   */
  public Graph quantized(Map<String, Tensor> ranges) {
    return quantized(
        value -> {
          double range = Objects.requireNonNull(ranges.get(value + RANGE)).doubleAt(0);
          if (!Double.isFinite(range)) {
            throw new ModelException(
                "the value '%s' reaches %s for the random inputs: it cannot be quantised"
                    .formatted(value, range));
          }
          return range;
        },
        true);
  }

  /** The quantised network with ranges of 1; the weights are only computed on request. */
  public Graph uncalibrated(boolean hasWeights) {
    return quantized(value -> 1, hasWeights);
  }

  private Graph quantized(ToDoubleFunction<String> ranges, boolean hasWeights) {
    GraphBuilder builder = GraphBuilder.of(graph);
    for (Node node : graph.nodes()) {
      Site site = sites.get(node.name());
      List<String> inputs = new ArrayList<>(node.inputs());
      if (site != null) {
        inputs.set(site.data(), data(builder, site, ranges));
        if (site.axis() >= 0) {
          inputs.set(1, weights(builder, site, hasWeights));
        }
      }
      builder.add(node.withInputs(inputs), graph);
    }
    return builder.build(graph.outputs());
  }

  /** Adds a node of ONNX's own domain with one output, named as the node. */
  private String add(
      GraphBuilder builder,
      int opset,
      String op,
      String output,
      Attributes attributes,
      String... inputs) {
    List<String> outputs = List.of(claimed(output));
    int version = Math.max(opset, graph.opset());
    builder.add(new Node(output, "", op, version, List.of(inputs), outputs, attributes, Map.of()));
    return output;
  }

  private String claimed(String value) {
    if (graph.types().containsKey(value)) {
      throw new ModelException(
          "the model already has a value '%s'; rename it to quantise the model".formatted(value));
    }
    return value;
  }

  private String data(GraphBuilder builder, Site site, ToDoubleFunction<String> ranges) {
    String value = site.value();
    TensorType number = graph.requireType(value).withShape(Shape.SCALAR);
    String scale = value + "/scale";
    String quantized = value + "/quantized";
    if (!builder.isDefined(quantized)) {
      double step = QuantizedWeights.step(ranges.applyAsDouble(value), type);
      builder.constant(claimed(scale), FilledTensor.of(number, step));
      String zero = claimed(value + "/zero");
      builder.constant(zero, FilledTensor.of(number.withType(type), 0));
      add(builder, opset(), "QuantizeLinear", quantized, Attributes.NONE, value, scale, zero);
    }
    String floats = site.node().name() + "/dequantized";
    return add(builder, opset(), "DequantizeLinear", floats, Attributes.NONE, quantized, scale);
  }

  private String weights(GraphBuilder builder, Site site, boolean hasWeights) {
    String scale = site.weights() + "/scale/" + site.axis();
    String quantized = site.weights() + "/quantized/" + site.axis();
    Tensor floats = graph.constant(site.weights()).orElseThrow();
    if (!builder.isDefined(quantized)) {
      QuantizedWeights weights =
          hasWeights
              ? QuantizedWeights.of(floats, site.axis(), type)
              : QuantizedWeights.unknown(floats, site.axis(), type);
      builder.constant(claimed(scale), weights.scale());
      builder.constant(claimed(quantized), weights.values());
    }
    String output = site.node().name() + "/weights";
    Attributes axis = Attributes.of("axis", site.axis());
    return add(builder, opset(), "DequantizeLinear", output, axis, quantized, scale);
  }

  /** The first version with axes; with 8-bit floats and 16-bit scales. */
  private int opset() {
    return type == DataType.INT8 ? 13 : 19;
  }
}
