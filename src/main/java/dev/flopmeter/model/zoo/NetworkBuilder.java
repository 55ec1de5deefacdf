package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.TorchOrigin;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Layers as frameworks name them, written as ONNX operators. A layer takes the name of the value it
 * reads and gives the name of the value it writes, which is the layer's own name.
 *
 * <p>Weights are seeded random values: spread so that activations neither vanish nor overflow, and
 * the same on every machine. Each node notes the PyTorch module it stands for under the metadata
 * key {@code torch.module}, because some counting tools count modules, not operators.
 */
public final class NetworkBuilder {
  /** Metadata key of the PyTorch module a node stands for. */
  public static final String MODULE = TorchOrigin.MODULE;

  private final GraphBuilder graph;
  private final List<String> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private long seed = 1;

  NetworkBuilder(String name, int opset) {
    graph = new GraphBuilder(name, opset);
  }

  void input(String name, TensorType type) {
    inputs.add(graph.input(name, type));
  }

  /** The name of declared input {@code index}. */
  public String input(int index) {
    return inputs.get(index);
  }

  public void output(String value) {
    outputs.add(value);
  }

  Graph build() {
    return graph.build(outputs);
  }

  /** The shape of a value. */
  public Shape shape(String value) {
    TensorType type = graph.typeOf(value);
    if (type == null) {
      throw new ModelException("the value '" + value + "' has no known shape");
    }
    return type.shape();
  }

  /** Channels of an NCHW value. */
  public long channels(String value) {
    return shape(value).dim(1);
  }

  /** An operator with one output, named {@code name}. */
  public String op(
      String op, String name, String module, Attributes attributes, String... operands) {
    graph.add(op, name, attributes, List.of(operands), List.of(name), Map.of(MODULE, module));
    return name;
  }

  /** A stored tensor of weights drawn for {@code fanIn} inputs. */
  public String weight(String name, long fanIn, long... dims) {
    return graph.constant(
        name, RandomTensor.weights(TensorType.of(DataType.FLOAT, dims), seed++, fanIn));
  }

  /** A stored tensor of values drawn evenly between two bounds. */
  public String uniform(String name, double low, double high, long... dims) {
    return graph.constant(
        name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), seed++, low, high));
  }

  public String constant(String name, Tensor tensor) {
    return graph.constant(name, tensor);
  }

  /**
   * A square 2-d convolution without bias.
   *
   * @param padding on all four sides
   */
  public String conv(
      String name, String x, long out, long kernel, long stride, long padding, long groups) {
    return conv(name, x, new ConvShape(out, kernel, stride, padding, groups, 1, false));
  }

  /** A square 2-d convolution. */
  public String conv(String name, String x, ConvShape shape) {
    long perGroup = channels(x) / shape.groups();
    long k = shape.kernel();
    long fanIn = perGroup * k * k;
    List<String> operands = new ArrayList<>();
    operands.add(x);
    operands.add(weight(name + ".weight", fanIn, shape.out(), perGroup, k, k));
    if (shape.bias()) {
      operands.add(uniform(name + ".bias", -0.1, 0.1, shape.out()));
    }
    long p = shape.padding();
    Attributes attributes =
        Attributes.of(
            "kernel_shape", new long[] {k, k},
            "strides", new long[] {shape.stride(), shape.stride()},
            "pads", new long[] {p, p, p, p},
            "dilations", new long[] {shape.dilation(), shape.dilation()},
            "group", shape.groups());
    return op("Conv", name, "Conv2d", attributes, operands.toArray(String[]::new));
  }

  /** What a square convolution looks like. */
  public record ConvShape(
      long out, long kernel, long stride, long padding, long groups, long dilation, boolean bias) {}

  public String batchNorm(String name, String x) {
    return batchNorm(name, x, 1e-5);
  }

  public String batchNorm(String name, String x, double epsilon) {
    return batchNorm(name, x, epsilon, 1);
  }

  /**
   * The normalisation that ends a residual branch: its scale is a quarter, so that activations of
   * deep networks stay within float16's range.
   */
  public String residualNorm(String name, String x) {
    return batchNorm(name, x, 1e-5, 0.25);
  }

  private String batchNorm(String name, String x, double epsilon, double scale) {
    long c = channels(x);
    return op(
        "BatchNormalization",
        name,
        "BatchNorm2d",
        Attributes.of("epsilon", epsilon),
        x,
        uniform(name + ".weight", 0.8 * scale, 1.2 * scale, c),
        uniform(name + ".bias", -0.1, 0.1, c),
        uniform(name + ".running_mean", -0.1, 0.1, c),
        uniform(name + ".running_var", 0.8, 1.2, c));
  }

  public String relu(String name, String x) {
    return op("Relu", name, "ReLU", Attributes.NONE, x);
  }

  /** A call of the module object {@code instance}, which other layers call as well. */
  public String relu(String name, String instance, String x) {
    graph.add(
        "Relu",
        name,
        Attributes.NONE,
        List.of(x),
        List.of(name),
        Map.of(MODULE, "ReLU", TorchOrigin.INSTANCE, instance));
    return name;
  }

  public String add(String name, String a, String b) {
    return op("Add", name, "", Attributes.NONE, a, b);
  }

  public String maxPool(
      String name, String x, long kernel, long stride, long padding, boolean ceil) {
    return op(
        "MaxPool",
        name,
        "MaxPool2d",
        Attributes.of(
            "kernel_shape", new long[] {kernel, kernel},
            "strides", new long[] {stride, stride},
            "pads", new long[] {padding, padding, padding, padding},
            "ceil_mode", ceil ? 1 : 0),
        x);
  }

  /** Average over all positions, then flat: N x C. */
  public String globalAveragePool(String name, String x) {
    return op("GlobalAveragePool", name, "AdaptiveAvgPool2d", Attributes.NONE, x);
  }

  public String flatten(String name, String x) {
    return op("Flatten", name, "", Attributes.of("axis", 1), x);
  }

  /** A fully connected layer with bias on N x features. */
  public String linear(String name, String x, long out) {
    long in = shape(x).dim(1);
    return op(
        "Gemm",
        name,
        "Linear",
        Attributes.of("transB", 1),
        x,
        weight(name + ".weight", in, out, in),
        uniform(name + ".bias", -0.1, 0.1, out));
  }
}
