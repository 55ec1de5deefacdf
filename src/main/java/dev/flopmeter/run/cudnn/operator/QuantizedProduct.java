package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Operand;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A convolution, or a product by a matrix of weights, between DequantizeLinear nodes that 8-bit
 * values can compute. cuDNN has no such engines for depthwise convolutions.
 *
 * @param image the quantised input, a value of the graph
 * @param imageScale of all of it
 * @param imageZero the zero point of all of it, as the device stores it
 * @param storage of both
 * @param weightScale one number, or one per output channel
 * @param bias of the integers' node; null if it has none
 */
record QuantizedProduct(
    String image,
    double imageScale,
    long imageZero,
    ElementType storage,
    NarrowWeights weights,
    Tensor weightScale,
    @Nullable Bias bias) {
  /** cuDNN's integer engines take channels in fours; the few of an image are padded to that. */
  static final int CHANNEL_MULTIPLE = 4;

  /** {@code scale * values}, or the values where scale is null. */
  record Bias(Tensor values, @Nullable Tensor scale) {}

  /**
   * What a DequantizeLinear reads.
   *
   * @param zero null where it is 0
   */
  private record Source(
      String value, DataType type, long elements, Tensor scale, @Nullable Tensor zero, long axis) {
    boolean isOfOneScale() {
      return scale.elements() == 1 && (zero == null || zero.elements() == 1);
    }

    /** As the device stores it. */
    long storedZero(ElementType storage) {
      return (zero == null ? 0 : zero.longAt(0)) - storage.shift(type);
    }
  }

  /** Nothing if the node is another one. */
  static Optional<QuantizedProduct> of(Graph graph, GraphLinks links, Node main) {
    Attributes attributes = main.attributes();
    boolean isConvolution = main.qualifiedOp().equals("Conv");
    boolean isGemm = main.qualifiedOp().equals("Gemm");
    boolean isPlain =
        isConvolution
            || (isGemm
                ? !attributes.flag("transA", false)
                    && attributes.number("alpha", 1) == 1
                    && attributes.number("beta", 1) == 1
                : main.qualifiedOp().equals("MatMul"));
    if (!isPlain) {
      return Optional.empty();
    }
    Source image = source(graph, links, main.inputs().get(0));
    Source filter = source(graph, links, main.inputs().get(1));
    Tensor weights = filter == null ? null : graph.constant(filter.value()).orElse(null);
    if (image == null
        || filter == null
        || weights == null
        || weights.shape().rank() != (isConvolution ? 4 : 2)) {
      return Optional.empty();
    }
    ElementType storage = ElementType.narrow(image.type()).orElse(null);
    long groups = isConvolution ? attributes.integer("group", 1) : 1;
    int axis = isConvolution || attributes.flag("transB", false) ? 0 : 1;
    long outputs = weights.shape().dim(axis);
    long summed = weights.shape().dim(1 - axis);
    boolean isFit =
        storage != null
            && ElementType.narrow(filter.type()).filter(storage::equals).isPresent()
            && (storage == ElementType.I8 || (image.zero() == null && filter.zero() == null))
            && image.isOfOneScale()
            && image.elements() > 0
            && (filter.isOfOneScale() || weights.shape().axis(filter.axis()) == axis)
            && outputs % (groups * CHANNEL_MULTIPLE) == 0
            && (summed % CHANNEL_MULTIPLE == 0
                || (isConvolution && groups == 1 && summed < CHANNEL_MULTIPLE))
            // The sums that correct weights with a zero point would be one more channel a group.
            && (groups == 1 || NarrowWeights.of(weights, axis, filter.zero()).isCentred());
    boolean hasBias = Operands.of(graph, main).has(2);
    Bias bias = hasBias ? bias(graph, links, main.inputs().get(2), outputs) : null;
    return isFit && storage != null && hasBias == (bias != null)
        ? Optional.of(
            new QuantizedProduct(
                image.value(),
                image.scale().doubleAt(0),
                image.storedZero(storage),
                storage,
                NarrowWeights.of(weights, axis, filter.zero()),
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
        .filter(values -> source == null || source.zero() == null)
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
    Operands in = Operands.of(graph, writer);
    Tensor zero = in.value(2).filter(values -> !isZero(values)).orElse(null);
    return in.value(1)
        .filter(scale -> !in.has(2) || in.value(2).isPresent())
        .map(scale -> new Source(stored, type.type(), type.elements(), scale, zero, axis))
        .orElse(null);
  }

  private static boolean isZero(Tensor values) {
    return LongStream.range(0, values.elements()).allMatch(i -> values.doubleAt(i) == 0);
  }

  /**
   * A quantised value that is added to the sums.
   *
   * @param scale of all of it
   * @param zero the zero point of all of it, as the device stores it
   */
  record Residual(String value, double scale, long zero) {}

  /** The quantised residual of a chain, where its dequantisation is part of the chain. */
  static Optional<Residual> residual(Graph graph, GraphLinks links, Chain chain) {
    Operand addend = chain.residual();
    Node writer = addend == null ? null : links.writer(addend.value());
    if (addend == null || writer == null || !chain.sources().contains(writer)) {
      return Optional.empty();
    }
    return Optional.ofNullable(source(graph, links, addend.value()))
        .filter(Source::isOfOneScale)
        .flatMap(
            source ->
                ElementType.narrow(source.type())
                    .map(source::storedZero)
                    .map(zero -> new Residual(source.value(), source.scale().doubleAt(0), zero)));
  }

  /** Whether a chain's quantised values stay so as far as it goes. */
  static boolean takes(Graph graph, GraphLinks links, Chain chain) {
    QuantizedProduct product = of(graph, links, chain.main()).orElse(null);
    if (product == null || chain.sources().isEmpty()) {
      return false;
    }
    if (!product.isCentred()) {
      // Integers are corrected by a kernel of its own.
      return chain.nodes().size() == 1 + chain.sources().size();
    }
    boolean isConvolution = !product.weights().isMatrix();
    Node last = chain.quantisation();
    return (isConvolution || chain.normalisation() == null)
        && (chain.residual() == null
            || (isConvolution && takesResidual(graph, links, chain, product)))
        && (last == null
            || (isNarrow(graph, links, last.outputs().get(0))
                && isStored(graph, last.outputs().get(0), product.storage())
                && hasOneScale(Operands.of(graph, last), product.storage())));
  }

  private static boolean isStored(Graph graph, String value, ElementType storage) {
    return ElementType.narrow(graph.requireType(value).type()).filter(storage::equals).isPresent();
  }

  /** Whether a QuantizeLinear has one stored scale and zero point, which floats need to be 0. */
  private static boolean hasOneScale(Operands in, ElementType storage) {
    boolean hasZero = in.value(2).filter(zero -> zero.elements() == 1).isPresent();
    return in.value(1).filter(scale -> scale.elements() == 1).isPresent()
        && (!in.has(2) || hasZero)
        && (storage == ElementType.I8 || !hasZero || isZero(in.requireValue(2)));
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
                .filter(of -> isStored(graph, of.value(), product.storage()))
                .filter(of -> product.storage() == ElementType.I8 || of.zero() == 0)
                .isPresent());
  }

  /**
   * Whether a value is written by QuantizeLinear in 8 bits and read by DequantizeLinear, and as
   * what is multiplied by weights, alone.
   */
  static boolean isNarrow(Graph graph, GraphLinks links, String value) {
    Node writer = links.writer(value);
    return graph.type(value).flatMap(type -> ElementType.narrow(type.type())).isPresent()
        && writer != null
        && writer.qualifiedOp().equals("QuantizeLinear")
        && !links.isReturned(value)
        && links.readers(value).stream()
            .allMatch(
                reader ->
                    reader.qualifiedOp().equals("DequantizeLinear")
                        || (reader.inputs().indexOf(value) == 0
                            && reader.inputs().lastIndexOf(value) == 0
                            && NarrowWeights.areStored(Operands.of(graph, reader))));
  }

  /** What the equations ask of this product and of what follows its sums. */
  Map<String, Object> terms(NodePlan node) {
    DataType type = node.builder().graph().requireType(image).type();
    Object around = imageZero == 0 ? Value.NONE : (Object) (double) imageZero;
    Map<String, Object> terms = weights.terms(node, new Value(image, -1), type, around);
    terms.put("is_centred", isCentred());
    terms.put("zero", imageZero);
    FoldedWeights folded = node.folded();
    Residual residual = node.quantizedResidual().orElse(null);
    Operands last = node.quantisation().orElse(null);
    double step = last == null ? 1 : last.requireValue(1).doubleAt(0);
    double unit = residual != null ? residual.scale() : node.residual() == null ? step : 1;
    double zero = last == null ? 0 : storedZero(last);
    boolean isDirect = unit == step && !node.isRectified();
    double shift = (isDirect ? zero : 0) - (residual == null ? 0 : residual.zero());
    TensorView scales =
        node.constant(
            "scale", weights.outputs(), ElementType.F32, k -> scale(k) * folded.scale(k) / unit);
    terms.put("scaling", List.of(scales, unit / step, isDirect ? 0 : zero));
    boolean isCorrected = isCentred() && imageZero != 0;
    boolean hasBias = bias != null || folded.hasBias() || isCorrected || shift != 0;
    LongToDoubleFunction biases =
        k -> {
          double own = bias(k) + (isCorrected ? correction(k) : 0);
          return (own * folded.scale(k) + folded.bias(k, 1)) / unit + shift;
        };
    terms.put(
        "bias",
        hasBias ? node.constant("bias", weights.outputs(), ElementType.F32, biases) : Value.NONE);
    return terms;
  }

  private static double storedZero(Operands quantisation) {
    double zero = quantisation.has(2) ? quantisation.requireValue(2).doubleAt(0) : 0;
    return zero - ElementType.I8.shift(quantisation.output(0).type());
  }

  private static double at(Tensor scale, long channel) {
    return scale.doubleAt(scale.elements() == 1 ? 0 : channel);
  }

  /** Whether cuDNN's sums need no correction but one number for each channel. */
  boolean isCentred() {
    return storage != ElementType.I8 || weights.isCentred();
  }

  /** What an integer bias adds; a bias of floats is among the {@link FoldedWeights}. */
  double bias(long channel) {
    return bias == null || bias.scale() == null
        ? 0
        : bias.values().doubleAt(channel) * at(bias.scale(), channel);
  }

  /** What the zero point of the image adds to the sums, times their scale. */
  double correction(long channel) {
    return imageZero == 0 ? 0 : -imageZero * weights.sum(channel) * scale(channel);
  }

  /** What a sum of integer products is multiplied by. */
  double scale(long channel) {
    return imageScale * at(weightScale, channel);
  }
}
