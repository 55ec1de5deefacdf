package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Image operators in the layouts that ONNX Runtime's optimiser chooses: channels last, and blocks
 * of channels for the vector units of a CPU (source: nchwc_transformer.cc). The latter's tensors
 * are known here by their logical shape, channels padded to whole blocks, as the file has it.
 */
final class ImageOperators {
  private ImageOperators() {}

  private static final String BLOCKED = "com.microsoft.nchwc";

  /** Of the processors that files are mostly made on (AVX-512). */
  private static final long BLOCK = 16;

  /** Of all others; the channels of some convolution then tell. */
  private static final long SMALL_BLOCK = 8;

  private static final String BLOCK_ATTRIBUTE = "flopmeter_block";

  /** The attributes of Conv. */
  private static final List<String> WINDOW =
      List.of("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides");

  static void addTo(BodyTable table) {
    table.put(
        "QLinearConv",
        b -> {
          if (!b.flag("channels_last", false)) {
            return b.as("QLinearConv");
          }
          String[] inputs = inputs(b, 9);
          inputs[0] = b.channelsFirst(inputs[0]);
          return b.channelsLast(b.add("QLinearConv", b.attributes(), inputs));
        });
    table.put(
        "FusedConv",
        b -> {
          String y = b.add("Conv", b.attributes(WINDOW), b.input(0), b.input(1), b.input(2));
          return ContribOperators.activated(b, b.plusInput(y, 3));
        });
    table.put("NhwcConv", ImageOperators::channelsLast);
    table.put("NhwcFusedConv", ImageOperators::channelsLast);
    table.put(
        "NhwcMaxPool",
        b -> b.channelsLast(b.add("MaxPool", b.attributes(), b.channelsFirst(b.input(0)))));
    BodyTable blocked = table.of(BLOCKED);
    for (String op : List.of("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool")) {
      blocked.put(op, b -> b.as(op));
    }
    blocked.put("Conv", ImageOperators::blockedConvolution);
    blocked.put(
        "ReorderInput",
        b -> {
          boolean isLast = b.flag("channels_last", false);
          String x = isLast ? b.channelsFirst(b.input(0)) : b.input(0);
          long block = block(b);
          return padded(b, x, (b.shape(x).dim(1) + block - 1) / block * block);
        });
    blocked.put(
        "ReorderOutput",
        b -> {
          long channels = b.attributes().integer("channels");
          if (channels < 1 || channels > b.shape(0).dim(1)) {
            throw new ModelException(
                "the attribute 'channels' is %s for the input %s".formatted(channels, b.shape(0)));
          }
          String y = first(b, b.input(0), 1, channels);
          return b.flag("channels_last", false) ? b.channelsLast(y) : y;
        });
    blocked.put("Upsample", ImageOperators::blockedUpsample);
  }

  private static String[] inputs(Body b, int most) {
    String[] inputs = new String[Math.min(most, b.in().inputCount())];
    Arrays.setAll(inputs, b::input);
    return inputs;
  }

  /** Inputs: x with channels last, weights as of Conv, bias, an addend with channels last. */
  private static String channelsLast(Body b) {
    String y =
        b.add("Conv", b.attributes(WINDOW), b.channelsFirst(b.input(0)), b.input(1), b.input(2));
    if (b.has(3)) {
      y = b.plus(y, b.channelsFirst(b.input(3)));
    }
    return b.channelsLast(ContribOperators.activated(b, y));
  }

  /**
   * The nodes of a graph, those on blocks with the size of a block in their attributes where it is
   * not the usual one.
   */
  static List<Node> withBlocks(List<Node> nodes, Map<String, Tensor> stored) {
    boolean isSmall =
        nodes.stream()
            .filter(node -> node.domain().equals(BLOCKED) && node.op().equals("Conv"))
            .map(node -> stored.get(node.inputs().get(1)))
            .anyMatch(weights -> weights != null && weights.shape().dim(0) % BLOCK != 0);
    if (!isSmall) {
      return nodes;
    }
    List<Node> changed = new ArrayList<>();
    for (Node node : nodes) {
      changed.add(
          node.domain().equals(BLOCKED)
              ? node.withAttributes(node.attributes().with(BLOCK_ATTRIBUTE, SMALL_BLOCK))
              : node);
    }
    return changed;
  }

  private static long block(Body b) {
    return b.integer(BLOCK_ATTRIBUTE, BLOCK);
  }

  /**
   * Inputs: x, reordered weights, bias, an addend. The weights' order: blocks of output channels,
   * in them (blocks of) input channels, the kernel, in it the input channels and the output
   * channels of one block.
   */
  private static String blockedConvolution(Body b) {
    Shape weights = b.shape(1);
    long block = block(b);
    long out = weights.dim(0);
    long in = weights.rank() == 4 ? weights.dim(1) : 0;
    if (in < 1 || out % block != 0 || (in >= block && in % block != 0)) {
      throw new ModelException("the weights %s are not in blocks of %s".formatted(weights, block));
    }
    long group = b.integer("group", 1);
    boolean isDepthwise = in == 1 && group == out;
    boolean hasInputBlocks = in >= block && !isDepthwise;
    Padding padding = Padding.of(b, block, hasInputBlocks);
    long outputs = out - (group == 1 || isDepthwise ? padding.outputs() : 0);
    long inputs = in - (group == 1 ? padding.inputs() : 0);
    String x = b.input(0);
    Attributes attributes = b.attributes(WINDOW);
    if (isDepthwise) {
      attributes = attributes.with("group", outputs);
      x = first(b, x, 1, outputs);
    } else if (group == 1) {
      x = first(b, x, 1, inputs);
    }
    Shape kept = Shape.of(outputs, inputs, weights.dim(2), weights.dim(3));
    String w = b.constant(ordered(b, kept, block, hasInputBlocks));
    String bias = b.has(2) ? first(b, b.input(2), 0, outputs) : "";
    String y = b.add("Conv", attributes, x, w, bias);
    if (b.has(3)) {
      y = b.plus(y, first(b, b.input(3), 1, outputs));
    }
    return padded(b, ContribOperators.activated(b, y), out);
  }

  /**
   * The weights of a convolution in ONNX's order.
   *
   * @param kept their shape without padding
   */
  private static Tensor ordered(Body b, Shape kept, long block, boolean hasInputBlocks) {
    Shape shape = b.shape(1);
    Optional<Tensor> stored = b.in().value(1);
    if (!b.in().isConstant(1)) {
      throw new ModelException("the weights (input 1) are in blocks, but not stored");
    }
    if (stored.isEmpty()) { // their file is missing: the network can be counted only
      return FilledTensor.of(b.in().type(1).withShape(kept), 0);
    }
    float[] values = stored.get().toFloats();
    float[] ordered = new float[Math.toIntExact(kept.elements())];
    int size = (int) block;
    int places = (int) shape.elements(2, 4);
    int channels = (int) shape.dim(1);
    int perBlock = hasInputBlocks ? size : 1;
    int at = 0;
    for (int o = 0; o < kept.dim(0); o++) {
      for (int i = 0; i < kept.dim(1); i++) {
        for (int place = 0; place < places; place++) {
          int blockOf = o / size * (channels / perBlock) + i / perBlock;
          int inBlock = (place * perBlock + i % perBlock) * size + o % size;
          ordered[at++] = values[blockOf * places * perBlock * size + inBlock];
        }
      }
    }
    return Tensor.ofFloats(kept, ordered);
  }

  /** How many channels of a convolution are padding: their weights, stored here, are zeros. */
  private record Padding(long outputs, long inputs) {
    static Padding of(Body b, long block, boolean hasInputBlocks) {
      Optional<Tensor> stored = b.in().value(1);
      if (stored.isEmpty() || stored.get().type().type() != DataType.FLOAT) {
        return new Padding(0, 0);
      }
      float[] values = stored.get().toFloats();
      int size = (int) block;
      boolean[] isOutput = new boolean[size];
      boolean[] isInput = new boolean[size];
      int lastOutputs = (int) (values.length - values.length / stored.get().shape().dim(0) * size);
      int inputBlocks = (int) (stored.get().shape().dim(1) / block);
      int perInputs = hasInputBlocks ? (int) stored.get().shape().elements(2, 4) * size * size : 1;
      for (int i = 0; i < values.length; i++) {
        if (values[i] != 0) {
          isOutput[i % size] |= i >= lastOutputs;
          boolean isLast = hasInputBlocks && i / perInputs % inputBlocks == inputBlocks - 1;
          isInput[i / size % size] |= isLast;
        }
      }
      float[] bias = b.in().value(2).map(Tensor::toFloats).orElse(new float[0]);
      for (int i = Math.max(0, bias.length - size); i < bias.length; i++) {
        isOutput[i % size] |= bias[i] != 0;
      }
      return new Padding(last(isOutput), hasInputBlocks ? last(isInput) : 0);
    }

    /** The number of unused channels at the end of a block; 0 where none is used at all. */
    private static long last(boolean[] isUsed) {
      int unused = 0;
      while (unused < isUsed.length && !isUsed[isUsed.length - 1 - unused]) {
        unused++;
      }
      return unused == isUsed.length ? 0 : unused;
    }
  }

  /** The first {@code count} elements of an axis. */
  private static String first(Body b, String value, int axis, long count) {
    return b.shape(value).dim(axis) == count ? value : b.slice(value, axis, 0, count);
  }

  private static String padded(Body b, String value, long channels) {
    Shape shape = b.shape(value);
    long[] pads = new long[2 * shape.rank()];
    pads[shape.rank() + 1] = channels - shape.dim(1);
    return pads[shape.rank() + 1] == 0 ? value : b.add("Pad", value, b.longs(pads));
  }

  private static String blockedUpsample(Body b) {
    long[] scales = b.attributes().integers("scales", 1, 1, 1, 1);
    float[] factors = new float[scales.length];
    for (int i = 0; i < scales.length; i++) {
      factors[i] = scales[i];
    }
    return b.add(
        "Resize",
        b.attributes().with("nearest_mode", "floor"),
        b.input(0),
        "",
        b.constant(Tensor.ofFloats(Shape.of(factors.length), factors)));
  }
}
