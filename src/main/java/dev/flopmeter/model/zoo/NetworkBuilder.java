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
import java.util.Objects;

/**
 * Layers as frameworks name them, written as ONNX operators. A layer takes the name of its input
 * and returns the name of its output, which is the layer's own name.
 *
 * <p>Weights are seeded random values: spread so that activations neither vanish nor overflow, and
 * the same on every machine. Each node stores the PyTorch module it stands for under the metadata
 * key {@code torch.module}, because some counting tools count modules, not operators.
 */
final class NetworkBuilder {
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
  String input(int index) {
    return inputs.get(index);
  }

  void output(String value) {
    outputs.add(value);
  }

  Graph build() {
    return graph.build(outputs);
  }

  /** The shape of a value. */
  Shape shape(String value) {
    return Objects.requireNonNull(graph.typeOf(value), value).shape();
  }

  /** Channels of an NCHW value. */
  long channels(String value) {
    return shape(value).dim(1);
  }

  /** An operator that stands for no module and has no attributes. */
  String op(String op, String name, String... operands) {
    return op(op, name, "", Attributes.NONE, operands);
  }

  /** An operator with one output, named {@code name}. */
  String op(String op, String name, String module, Attributes attributes, String... operands) {
    return op(op, name, Map.of(TorchOrigin.MODULE, module), attributes, operands);
  }

  /** A stored tensor of weights drawn for {@code fanIn} inputs. */
  String weight(String name, long fanIn, long... dims) {
    return graph.constant(
        name, RandomTensor.weights(TensorType.of(DataType.FLOAT, dims), seed++, fanIn));
  }

  /** A stored tensor of values drawn uniformly between two bounds. */
  String uniform(String name, double low, double high, long... dims) {
    return graph.constant(
        name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), seed++, low, high));
  }

  String constant(String name, Tensor tensor) {
    return graph.constant(name, tensor);
  }

  /** A stored float. */
  String scalar(String name, double value) {
    return constant(name, Tensor.ofFloats(Shape.SCALAR, (float) value));
  }

  String longs(String name, long... values) {
    return constant(name, Tensor.ofLongs(values));
  }

  /**
   * A square 2-d convolution without bias.
   *
   * @param padding on all four sides
   */
  String conv(
      String name, String x, long out, long kernel, long stride, long padding, long groups) {
    return conv(
        name, x, new ConvShape(out, kernel, kernel, stride, padding, padding, groups, false));
  }

  /** A square 2-d convolution with bias, in one group. */
  String biasedConv(String name, String x, long out, long kernel, long stride, long padding) {
    return conv(name, x, new ConvShape(out, kernel, kernel, stride, padding, padding, 1, true));
  }

  /** A 2-d convolution. */
  String conv(String name, String x, ConvShape shape) {
    long perGroup = channels(x) / shape.groups();
    long fanIn = perGroup * shape.height() * shape.width();
    List<String> operands = new ArrayList<>();
    operands.add(x);
    operands.add(
        weight(name + ".weight", fanIn, shape.out(), perGroup, shape.height(), shape.width()));
    if (shape.bias()) {
      operands.add(uniform(name + ".bias", -0.1, 0.1, shape.out()));
    }
    long top = shape.padTop();
    long left = shape.padLeft();
    Attributes attributes =
        Attributes.of(
            "kernel_shape", new long[] {shape.height(), shape.width()},
            "strides", new long[] {shape.stride(), shape.stride()},
            "pads", new long[] {top, left, top, left},
            "group", shape.groups());
    return op("Conv", name, "Conv2d", attributes, operands.toArray(String[]::new));
  }

  /** The shape of a convolution; the padding is the same on opposite sides. */
  record ConvShape(
      long out,
      long height,
      long width,
      long stride,
      long padTop,
      long padLeft,
      long groups,
      boolean bias) {}

  String batchNorm(String name, String x) {
    return batchNorm(name, x, Norm.PLAIN);
  }

  String batchNorm(String name, String x, Norm norm) {
    double scale = norm.scale();
    long c = channels(x);
    return op(
        "BatchNormalization",
        name,
        "BatchNorm2d",
        Attributes.of("epsilon", norm.epsilon()),
        x,
        uniform(name + ".weight", 0.8 * scale, 1.2 * scale, c),
        uniform(name + ".bias", -0.1, 0.1, c),
        uniform(name + ".running_mean", -0.1, 0.1, c),
        uniform(name + ".running_var", 0.8, 1.2, c));
  }

  String relu(String name, String x) {
    return op("Relu", name, "ReLU", Attributes.NONE, x);
  }

  /** A call of the module object {@code instance}, which other layers call as well. */
  String relu(String name, String instance, String x) {
    return op(
        "Relu",
        name,
        Map.of(TorchOrigin.MODULE, "ReLU", TorchOrigin.INSTANCE, instance),
        Attributes.NONE,
        x);
  }

  String add(String name, String a, String b) {
    return op("Add", name, a, b);
  }

  String multiply(String name, String a, String b) {
    return op("Mul", name, a, b);
  }

  String concat(String name, int axis, String... parts) {
    return op("Concat", name, "", Attributes.of("axis", axis), parts);
  }

  String maxPool(String name, String x, long kernel, long stride, long padding, boolean ceil) {
    return pool("MaxPool", name, "MaxPool2d", x, kernel, stride, padding, ceil ? 1 : 0);
  }

  String averagePool(String name, String module, String x, long kernel, long stride, long padding) {
    return pool("AveragePool", name, module, x, kernel, stride, padding);
  }

  /**
   * A pooling whose average counts the padding, as PyTorch's does.
   *
   * @param window kernel, stride and padding, and 1 to round the size of the result up
   */
  String pool(String op, String name, String module, String x, long... window) {
    Attributes attributes =
        Attributes.of(
            "kernel_shape", new long[] {window[0], window[0]},
            "strides", new long[] {window[1], window[1]},
            "pads", new long[] {window[2], window[2], window[2], window[2]},
            "ceil_mode", window.length > 3 ? window[3] : 0);
    boolean isMaximum = op.equals("MaxPool");
    return op(
        op, name, module, isMaximum ? attributes : attributes.with("count_include_pad", 1), x);
  }

  /** Average over all positions: N x C x 1 x 1. */
  String globalAveragePool(String name, String x) {
    return op("GlobalAveragePool", name, "AdaptiveAvgPool2d", Attributes.NONE, x);
  }

  /** The average over both spatial axes, N x C. */
  String spatialMean(String name, String x) {
    return op("ReduceMean", name, "", Attributes.of("keepdims", 0), x, longs(name + ".axes", 2, 3));
  }

  /**
   * Average pooling into {@code size} x {@code size} windows of equal size.
   *
   * @throws ModelException if the input cannot be cut evenly
   */
  String adaptivePool(String name, String x, long size) {
    Shape shape = shape(x);
    if (shape.dim(2) % size != 0 || shape.dim(3) % size != 0) {
      throw new ModelException(
          "'%s' cannot cut %s evenly into %dx%d windows".formatted(name, shape, size, size));
    }
    long[] window = {shape.dim(2) / size, shape.dim(3) / size};
    return op(
        "AveragePool",
        name,
        Map.of(TorchOrigin.MODULE, "AdaptiveAvgPool2d", TorchOrigin.FUNCTION, "adaptive_avg_pool"),
        Attributes.of("kernel_shape", window, "strides", window),
        x);
  }

  String flatten(String name, String x) {
    return op("Flatten", name, "", Attributes.of("axis", 1), x);
  }

  /** A fully connected layer with bias on the last axis. */
  String linear(String name, String x, long out) {
    return linear(name, "Linear", x, out, true);
  }

  /**
   * A fully connected layer on the last axis: a Gemm on matrices, otherwise a product and a sum.
   *
   * @param module {@code Linear}, or the module that calls it as a function
   */
  String linear(String name, String module, String x, long out, boolean bias) {
    Shape shape = shape(x);
    long in = shape.dim(-1);
    Map<String, String> origin = Map.of(TorchOrigin.MODULE, module, TorchOrigin.FUNCTION, "linear");
    if (shape.rank() == 2 && bias) {
      String weight = weight(name + ".weight", 2 * in, out, in);
      String offset = uniform(name + ".bias", -0.1, 0.1, out);
      return op("Gemm", name, origin, Attributes.of("transB", 1), x, weight, offset);
    }
    String weight = weight(name + ".weight", 2 * in, in, out);
    String product = bias ? name + ".product" : name;
    op("MatMul", product, origin, Attributes.NONE, x, weight);
    return bias
        ? op("Add", name, origin, Attributes.NONE, product, uniform(name + ".bias", -0.1, 0.1, out))
        : product;
  }

  String layerNorm(String name, String x, double epsilon) {
    return layerNorm(name, "LayerNorm", x, epsilon);
  }

  /** A layer normalisation over the last axis. */
  String layerNorm(String name, String module, String x, double epsilon) {
    long c = shape(x).dim(-1);
    return op(
        "LayerNormalization",
        name,
        module,
        Attributes.of("axis", -1, "epsilon", epsilon),
        x,
        uniform(name + ".weight", 0.8, 1.2, c),
        uniform(name + ".bias", -0.1, 0.1, c));
  }

  String transpose(String name, String x, long... order) {
    return op("Transpose", name, "", Attributes.of("perm", order), x);
  }

  String reshape(String name, String x, long... dims) {
    return op("Reshape", name, x, longs(name + ".shape", dims));
  }

  /** Elements {@code from} to {@code to}-1 of one axis, {@code step} apart. */
  String slice(String name, String x, long axis, long from, long to, long step) {
    return op(
        "Slice",
        name,
        x,
        longs(name + ".from", from),
        longs(name + ".to", to),
        longs(name + ".axis", axis),
        longs(name + ".step", step));
  }

  /** An operator with a given {@link TorchOrigin}. */
  String op(
      String op,
      String name,
      Map<String, String> origin,
      Attributes attributes,
      String... operands) {
    graph.add(op, name, attributes, List.of(operands), List.of(name), origin);
    return name;
  }

  /**
   * Attention on q, k and v of shape N x heads x L x D: {@code softmax(q k^T / sqrt(D)) v}, of
   * shape N x L x (heads D).
   */
  String attention(String name, String module, String q, String k, String v) {
    Map<String, String> product =
        Map.of(TorchOrigin.MODULE, module, TorchOrigin.FUNCTION, "scaled_dot_product_attention");
    Map<String, String> part = Map.of(TorchOrigin.MODULE, module, TorchOrigin.FUNCTION, "");
    String factor = scalar(name + ".factor", 1 / Math.sqrt((double) shape(q).dim(-1)));
    String scaled = op("Mul", name + ".scale", part, Attributes.NONE, q, factor);
    String keys =
        op("Transpose", name + ".keys", part, Attributes.of("perm", new long[] {0, 1, 3, 2}), k);
    String scores = op("MatMul", name + ".scores", product, Attributes.NONE, scaled, keys);
    String shares = op("Softmax", name + ".softmax", part, Attributes.of("axis", -1), scores);
    return op("MatMul", name + ".values", product, Attributes.NONE, shares, v);
  }

  /** N x L x (heads D) as N x heads x L x D. */
  String heads(String name, String split, String x, long heads) {
    long[] dims = shape(x).dims();
    String y = reshape(split, x, dims[0], dims[1], heads, dims[2] / heads);
    return transpose(name, y, 0, 2, 1, 3);
  }

  /** N x heads x L x D as N x L x (heads D). */
  String joined(String name, String flat, String x) {
    long[] dims = shape(x).dims();
    return reshape(flat, transpose(name, x, 0, 2, 1, 3), dims[0], dims[2], dims[1] * dims[3]);
  }
}
