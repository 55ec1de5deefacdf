package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.fuse.Fused.Chain;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A convolution between DequantizeLinear nodes that 8-bit integers can compute: {@code image} and
 * {@code weights} are int8 with zero points of 0, so that the zeros of the padding are zeros.
 *
 * @param image the quantised input, a value of the graph
 * @param imageScale of all of it
 * @param weights K x C x window, as stored
 * @param weightScale one number, or one per output channel
 * @param bias of the integers' node; null if it has none
 */
record QuantizedConvolution(
    String image, double imageScale, Tensor weights, Tensor weightScale, @Nullable Bias bias) {
  /** cuDNN's integer engines take channels in fours. */
  private static final int CHANNEL_MULTIPLE = 4;

  /** {@code scale * values}, or the values where scale is null. */
  record Bias(Tensor values, @Nullable Tensor scale) {}

  /** What a DequantizeLinear reads. */
  private record Source(String value, Tensor scale, long axis) {}

  /** Nothing if the convolution is another one. */
  static Optional<QuantizedConvolution> of(Graph graph, GraphLinks links, Node main) {
    if (!main.qualifiedOp().equals("Conv") || main.attributes().integer("group", 1) != 1) {
      return Optional.empty();
    }
    Source image = source(graph, links, main.inputs().get(0), DataType.INT8);
    Source filter = source(graph, links, main.inputs().get(1), DataType.INT8);
    Tensor weights = filter == null ? null : graph.constant(filter.value()).orElse(null);
    if (image == null || filter == null || weights == null || weights.shape().rank() != 4) {
      return Optional.empty();
    }
    Shape shape = weights.shape();
    Window window =
        Window.of(
            main.attributes(), graph.requireType(image.value()).shape(), shape.slice(2, 4).dims());
    boolean isFit =
        image.scale().elements() == 1
            && (filter.scale().elements() == 1 || filter.axis() == 0)
            && shape.dim(0) % CHANNEL_MULTIPLE == 0
            && shape.dim(1) % CHANNEL_MULTIPLE == 0
            && Spatial.isPlainPadding(window);
    boolean hasBias = Operands.of(graph, main).has(2);
    Bias bias = hasBias ? bias(graph, links, main.inputs().get(2)) : null;
    return isFit && hasBias == (bias != null)
        ? Optional.of(
            new QuantizedConvolution(
                image.value(), image.scale().doubleAt(0), weights, filter.scale(), bias))
        : Optional.empty();
  }

  private static @Nullable Bias bias(Graph graph, GraphLinks links, String value) {
    Source source = source(graph, links, value, DataType.INT32);
    String stored = source == null ? value : source.value();
    return graph
        .constant(stored)
        .map(values -> new Bias(values, source == null ? null : source.scale()))
        .orElse(null);
  }

  private static @Nullable Source source(
      Graph graph, GraphLinks links, String value, DataType type) {
    Node writer = links.writer(value);
    if (writer == null
        || !writer.qualifiedOp().equals("DequantizeLinear")
        || writer.attributes().integer("block_size", 0) != 0
        || graph.requireType(writer.inputs().get(0)).type() != type) {
      return null;
    }
    return symmetricScale(graph, writer)
        .map(
            scale ->
                new Source(writer.inputs().get(0), scale, writer.attributes().integer("axis", 1)))
        .orElse(null);
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

  /** Whether a chain's integers stay integers as far as it goes. */
  static boolean takes(Graph graph, GraphLinks links, Chain chain) {
    Node last = chain.quantisation();
    return !chain.sources().isEmpty()
        && chain.residual() == null
        && of(graph, links, chain.main()).isPresent()
        && (last == null
            || (isNarrow(graph, links, last.outputs().get(0))
                && symmetricScale(graph, last).filter(s -> s.elements() == 1).isPresent()));
  }

  /** Whether a value is written by QuantizeLinear as int8 and read by DequantizeLinear alone. */
  static boolean isNarrow(Graph graph, GraphLinks links, String value) {
    Node writer = links.writer(value);
    return graph.type(value).filter(type -> type.type() == DataType.INT8).isPresent()
        && writer != null
        && writer.qualifiedOp().equals("QuantizeLinear")
        && !links.isReturned(value)
        && links.readers(value).stream()
            .allMatch(reader -> reader.qualifiedOp().equals("DequantizeLinear"));
  }

  private static double at(Tensor scale, long channel) {
    return scale.doubleAt(scale.elements() == 1 ? 0 : channel);
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
