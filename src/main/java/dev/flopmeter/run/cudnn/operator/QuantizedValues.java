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
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Which values of a graph stay in 8 bits, and what is computed on them. */
record QuantizedValues(Graph graph, GraphLinks links) {
  /** cuDNN's integer engines take channels in fours; the few of an image are padded to that. */
  private static final int CHANNEL_MULTIPLE = 4;

  /**
   * What a DequantizeLinear reads.
   *
   * @param zero null if it is 0
   */
  record Source(
      String value, DataType type, long elements, Tensor scale, @Nullable Tensor zero, long axis) {
    private boolean isOfOneScale() {
      return scale.elements() == 1 && (zero == null || zero.elements() == 1);
    }

    /** Whether a product on values of a storage can read it; floats need zero points of 0. */
    private boolean isHeldAs(ElementType storage) {
      return ElementType.narrow(type).filter(storage::equals).isPresent()
          && (storage == ElementType.I8 || zero == null);
    }

    /** The zero point of all of it, as the device stores it. */
    long storedZero() {
      return (zero == null ? 0 : zero.longAt(0)) - ElementType.I8.shift(type);
    }
  }

  /** Nothing if the node is another one. */
  Optional<QuantizedProduct> product(Node main) {
    if (!isPlainProduct(main)) {
      return Optional.empty();
    }
    Attributes attributes = main.attributes();
    boolean isConvolution = main.qualifiedOp().equals("Conv");
    Source image = source(main.inputs().get(0));
    Source filter = source(main.inputs().get(1));
    Tensor values = filter == null ? null : graph.constant(filter.value()).orElse(null);
    ElementType storage = image == null ? null : ElementType.narrow(image.type()).orElse(null);
    if (image == null
        || filter == null
        || values == null
        || storage == null
        || values.shape().rank() != (isConvolution ? 4 : 2)) {
      return Optional.empty();
    }
    long groups = isConvolution ? attributes.integer("group", 1) : 1;
    int axis = isConvolution || attributes.flag("transB", false) ? 0 : 1;
    long outputs = values.shape().dim(axis);
    long summed = values.shape().dim(1 - axis);
    boolean hasBias = Operands.of(graph, main).has(2);
    Source bias = hasBias ? source(main.inputs().get(2)) : null;
    boolean isFit =
        filter.isHeldAs(storage)
            && image.isHeldAs(storage)
            && image.isOfOneScale()
            && image.elements() > 0
            && (filter.isOfOneScale() || values.shape().axis(filter.axis()) == axis)
            && outputs % (groups * CHANNEL_MULTIPLE) == 0
            && (summed % CHANNEL_MULTIPLE == 0
                || (isConvolution && groups == 1 && summed < CHANNEL_MULTIPLE))
            && (!hasBias || isRow(bias == null ? main.inputs().get(2) : bias.value(), outputs))
            && (bias == null || bias.zero() == null);
    NarrowWeights weights = NarrowWeights.of(values, axis, filter.zero());
    // The sums that correct weights with a zero point would be one more channel a group.
    return isFit && (groups == 1 || weights.isCentred())
        ? Optional.of(new QuantizedProduct(image, weights, filter.scale(), bias))
        : Optional.empty();
  }

  private static boolean isPlainProduct(Node main) {
    return switch (main.qualifiedOp()) {
      case "Conv", "MatMul" -> true;
      case "Gemm" ->
          !main.attributes().flag("transA", false)
              && main.attributes().number("alpha", 1) == 1
              && main.attributes().number("beta", 1) == 1;
      default -> false;
    };
  }

  private boolean isRow(String value, long elements) {
    return graph.constant(value).filter(row -> row.elements() == elements).isPresent();
  }

  private @Nullable Source source(String value) {
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

  /** The quantised value that a chain adds, where its dequantisation is part of the chain. */
  Optional<Source> residual(Chain chain) {
    return Optional.ofNullable(chain.residual())
        .filter(addend -> isWrittenWithin(chain, addend))
        .map(addend -> source(addend.value()))
        .filter(Source::isOfOneScale)
        .filter(source -> ElementType.narrow(source.type()).isPresent());
  }

  private boolean isWrittenWithin(Chain chain, Operand addend) {
    Node writer = links.writer(addend.value());
    return writer != null && chain.sources().contains(writer);
  }

  /** Whether a chain's quantised values stay so as far as it goes. */
  boolean takes(Chain chain) {
    QuantizedProduct product = product(chain.main()).orElse(null);
    if (product == null || chain.sources().isEmpty()) {
      return false;
    }
    if (!product.isCentred()) {
      // Integers are corrected by a kernel of its own.
      return chain.nodes().size() == 1 + chain.sources().size();
    }
    boolean isConvolution = !product.weights().isMatrix();
    return (isConvolution || (chain.normalisation() == null && chain.residual() == null))
        && takesResidual(chain, product.storage())
        && takesQuantisation(chain.quantisation(), product.storage());
  }

  /** Of one stored scale and zero point, which floats need to be 0. */
  private boolean takesQuantisation(@Nullable Node last, ElementType storage) {
    if (last == null) {
      return true;
    }
    String written = last.outputs().get(0);
    Operands in = Operands.of(graph, last);
    boolean hasZero = in.value(2).filter(zero -> zero.elements() == 1).isPresent();
    return isNarrow(written)
        && ElementType.narrow(graph.requireType(written).type()).filter(storage::equals).isPresent()
        && in.value(1).filter(scale -> scale.elements() == 1).isPresent()
        && (!in.has(2) || hasZero)
        && (storage == ElementType.I8 || !hasZero || isZero(in.requireValue(2)));
  }

  /** A residual of floats, or one of the same quantised type. */
  private boolean takesResidual(Chain chain, ElementType storage) {
    Operand addend = chain.residual();
    return addend == null
        || (graph.constant(addend.value()).isEmpty()
            && (!isWrittenWithin(chain, addend)
                || residual(chain)
                    .filter(source -> isNarrow(source.value()) && source.isHeldAs(storage))
                    .isPresent()));
  }

  /**
   * Whether a value is written by QuantizeLinear in 8 bits and read by DequantizeLinear, and as
   * what is multiplied by weights, alone.
   */
  boolean isNarrow(String value) {
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
}
