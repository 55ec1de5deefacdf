package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Operand;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A convolution, or a product by a matrix of weights, between DequantizeLinear nodes that 8-bit
 * values can compute: {@code image} and {@code weights} have zero points of 0, so that the zeros of
 * the padding are zeros.
 *
 * @param image the quantised input, a value of the graph
 * @param imageScale of all of it
 * @param storage of both
 * @param weights K x C x window, or a matrix, as stored
 * @param axis of the weights' output channels
 * @param weightScale one number, or one per output channel
 * @param bias of the integers' node; null if it has none
 */
record QuantizedProduct(
    String image,
    double imageScale,
    ElementType storage,
    Tensor weights,
    int axis,
    Tensor weightScale,
    @Nullable Bias bias) {
  /** cuDNN's integer engines take channels in fours; the few of an image are padded to that. */
  static final int CHANNEL_MULTIPLE = 4;

  /** {@code scale * values}, or the values where scale is null. */
  record Bias(Tensor values, @Nullable Tensor scale) {}

  /** What a DequantizeLinear reads. */
  private record Source(String value, DataType type, long elements, Tensor scale, long axis) {}

  /** Nothing if the node is another one. */
  static Optional<QuantizedProduct> of(Graph graph, GraphLinks links, Node main) {
    Attributes attributes = main.attributes();
    boolean isConvolution = main.qualifiedOp().equals("Conv");
    boolean isGemm = main.qualifiedOp().equals("Gemm");
    boolean isPlain =
        isConvolution
            ? attributes.integer("group", 1) == 1
            : isGemm
                ? !attributes.flag("transA", false)
                    && attributes.number("alpha", 1) == 1
                    && attributes.number("beta", 1) == 1
                : main.qualifiedOp().equals("MatMul");
    if (!isPlain) {
      return Optional.empty();
    }
    Source image = source(graph, links, main.inputs().get(0));
    Source filter = source(graph, links, main.inputs().get(1));
    Tensor weights = filter == null ? null : graph.constant(filter.value()).orElse(null);
    if (image == null
        || filter == null
        || weights == null
        || image.type() != filter.type()
        || weights.shape().rank() != (isConvolution ? 4 : 2)) {
      return Optional.empty();
    }
    ElementType storage = ElementType.narrow(image.type()).orElse(null);
    int axis = isConvolution || attributes.flag("transB", false) ? 0 : 1;
    long outputs = weights.shape().dim(axis);
    long summed = weights.shape().dim(1 - axis);
    boolean isFit =
        storage != null
            && image.scale().elements() == 1
            && image.elements() > 0
            && (filter.scale().elements() == 1 || weights.shape().axis(filter.axis()) == axis)
            && outputs % CHANNEL_MULTIPLE == 0
            && (summed % CHANNEL_MULTIPLE == 0 || (isConvolution && summed < CHANNEL_MULTIPLE));
    boolean hasBias = Operands.of(graph, main).has(2);
    Bias bias = hasBias ? bias(graph, links, main.inputs().get(2), outputs) : null;
    return isFit && storage != null && hasBias == (bias != null)
        ? Optional.of(
            new QuantizedProduct(
                image.value(),
                image.scale().doubleAt(0),
                storage,
                weights,
                axis,
                filter.scale(),
                bias))
        : Optional.empty();
  }

  private static @Nullable Bias bias(Graph graph, GraphLinks links, String value, long outputs) {
    Source source = source(graph, links, value);
    String stored = source == null ? value : source.value();
    return graph
        .constant(stored)
        .filter(values -> values.elements() == outputs)
        .map(values -> new Bias(values, source == null ? null : source.scale()))
        .orElse(null);
  }

  private static @Nullable Source source(Graph graph, GraphLinks links, String value) {
    Node writer = links.writer(value);
    if (writer == null
        || !writer.qualifiedOp().equals("DequantizeLinear")
        || writer.attributes().integer("block_size", 0) != 0) {
      return null;
    }
    String stored = writer.inputs().get(0);
    TensorType type = graph.requireType(stored);
    long axis = writer.attributes().integer("axis", 1);
    return symmetricScale(graph, writer)
        .map(scale -> new Source(stored, type.type(), type.elements(), scale, axis))
        .orElse(null);
  }

  /**
   * A quantised value that is added to the sums.
   *
   * @param scale of all of it
   */
  record Residual(String value, double scale) {}

  /** The quantised residual of a chain, where its dequantisation is part of the chain. */
  static Optional<Residual> residual(Graph graph, GraphLinks links, Chain chain) {
    Operand addend = chain.residual();
    Node writer = addend == null ? null : links.writer(addend.value());
    if (addend == null || writer == null || !chain.sources().contains(writer)) {
      return Optional.empty();
    }
    return Optional.ofNullable(source(graph, links, addend.value()))
        .filter(source -> source.scale().elements() == 1)
        .map(source -> new Residual(source.value(), source.scale().doubleAt(0)));
  }

  /** The constant scale of a node that quantises or dequantises around 0. */
  private static Optional<Tensor> symmetricScale(Graph graph, Node node) {
    Operands in = Operands.of(graph, node);
    boolean isSymmetric =
        !in.has(2)
            || in.value(2)
                .filter(
                    zero -> LongStream.range(0, zero.elements()).allMatch(i -> zero.longAt(i) == 0))
                .isPresent();
    return in.value(1).filter(scale -> isSymmetric);
  }

  /** Whether a chain's quantised values stay so as far as it goes. */
  static boolean takes(Graph graph, GraphLinks links, Chain chain) {
    QuantizedProduct product = of(graph, links, chain.main()).orElse(null);
    if (product == null || chain.sources().isEmpty()) {
      return false;
    }
    boolean isConvolution = product.weights().shape().rank() == 4;
    Node last = chain.quantisation();
    return (isConvolution || chain.normalisation() == null)
        && (chain.residual() == null
            || (isConvolution && takesResidual(graph, links, chain, product)))
        && (last == null
            || (isNarrow(graph, links, last.outputs().get(0))
                && graph.requireType(last.outputs().get(0)).type() == product.storage().type()
                && symmetricScale(graph, last).filter(s -> s.elements() == 1).isPresent()));
  }

  /** A residual of floats, or one of the same quantised type. */
  private static boolean takesResidual(
      Graph graph, GraphLinks links, Chain chain, QuantizedProduct product) {
    String value = Objects.requireNonNull(chain.residual()).value();
    Node writer = links.writer(value);
    return graph.constant(value).isEmpty()
        && (writer == null
            || !chain.sources().contains(writer)
            || residual(graph, links, chain)
                .filter(of -> isNarrow(graph, links, of.value()))
                .filter(of -> graph.requireType(of.value()).type() == product.storage().type())
                .isPresent());
  }

  /** Whether a value is written by QuantizeLinear in 8 bits and read by DequantizeLinear alone. */
  static boolean isNarrow(Graph graph, GraphLinks links, String value) {
    Node writer = links.writer(value);
    return graph.type(value).flatMap(type -> ElementType.narrow(type.type())).isPresent()
        && writer != null
        && writer.qualifiedOp().equals("QuantizeLinear")
        && !links.isReturned(value)
        && links.readers(value).stream()
            .allMatch(reader -> reader.qualifiedOp().equals("DequantizeLinear"));
  }

  private static double at(Tensor scale, long channel) {
    return scale.doubleAt(scale.elements() == 1 ? 0 : channel);
  }

  long outputs() {
    return weights.shape().dim(axis);
  }

  /** What an integer bias adds; a bias of floats is among the {@link FoldedWeights}. */
  double bias(long channel) {
    return bias == null || bias.scale() == null
        ? 0
        : bias.values().doubleAt(channel) * at(bias.scale(), channel);
  }

  /** What a sum of integer products is multiplied by. */
  double scale(long channel) {
    return imageScale * at(weightScale, channel);
  }
}
