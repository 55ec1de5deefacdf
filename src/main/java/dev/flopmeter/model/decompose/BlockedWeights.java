package dev.flopmeter.model.decompose;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The weights of a convolution on blocks of channels, the layout for the vector units of a CPU
 * (source: ONNX Runtime's nchwc_transformer.cc). Their order: blocks of output channels, in them
 * (blocks of) input channels, the kernel, in it the input channels and the output channels of one
 * block. Channels are padded to whole blocks.
 *
 * @param outputs channels that are not padding; {@code inputs} likewise
 * @param ordered without padding, in ONNX's order
 */
record BlockedWeights(boolean isDepthwise, long outputs, long inputs, Tensor ordered) {
  private static final String DOMAIN = "com.microsoft.nchwc";

  /** The size on processors that most files are made on (AVX-512). */
  private static final long BLOCK = 16;

  /** The size on all others; the channels of some convolution then reveal it. */
  private static final long SMALL_BLOCK = 8;

  private static final String BLOCK_ATTRIBUTE = "flopmeter_block";

  /** The nodes of a graph; those on blocks of an unusual size have the size in their attributes. */
  static List<Node> withBlocks(List<Node> nodes, Map<String, Tensor> stored) {
    for (Node node : nodes) {
      Tensor weights = areOf(node) ? stored.get(node.inputs().get(1)) : null;
      if (weights != null && weights.shape().dim(0) % BLOCK != 0) {
        return nodes.stream().map(BlockedWeights::withSmallBlock).toList();
      }
    }
    return nodes;
  }

  private static Node withSmallBlock(Node node) {
    return node.domain().equals(DOMAIN)
        ? node.withAttributes(node.attributes().with(BLOCK_ATTRIBUTE, SMALL_BLOCK))
        : node;
  }

  static boolean areOf(Node node) {
    return node.domain().equals(DOMAIN) && node.op().equals("Conv");
  }

  static long block(Operands in) {
    return in.attributes().integer(BLOCK_ATTRIBUTE, BLOCK);
  }

  /** The channels of input 1; the bias, input 2, also shows padding. */
  static BlockedWeights of(Operands in) {
    Shape weights = in.shape(1);
    long block = block(in);
    long outs = weights.dim(0);
    long ins = weights.rank() == 4 ? weights.dim(1) : 0;
    if (ins < 1 || outs % block != 0 || (ins >= block && ins % block != 0)) {
      throw new ModelException("the weights %s are not in blocks of %s".formatted(weights, block));
    }
    long group = in.attributes().integer("group", 1);
    boolean isDepthwise = ins == 1 && group == outs;
    boolean hasInputBlocks = ins >= block && !isDepthwise;
    Padding padding = Padding.of(in, (int) block, hasInputBlocks);
    long outputs = outs - (group == 1 || isDepthwise ? padding.outputs() : 0);
    long inputs = ins - (group == 1 ? padding.inputs() : 0);
    Shape kept = Shape.of(outputs, inputs, weights.dim(2), weights.dim(3));
    return new BlockedWeights(
        isDepthwise, outputs, inputs, ordered(in, kept, (int) block, hasInputBlocks));
  }

  private static Tensor ordered(Operands in, Shape kept, int block, boolean hasInputBlocks) {
    Shape shape = in.shape(1);
    Optional<Tensor> stored = in.value(1);
    if (!in.isConstant(1)) {
      throw new ModelException("the weights (input 1) are in blocks, but not stored");
    }
    if (stored.isEmpty()) { // their file is missing: the network can only be counted
      return FilledTensor.of(in.type(1).withShape(kept), 0);
    }
    float[] values = stored.get().toFloats();
    float[] ordered = new float[Math.toIntExact(kept.elements())];
    int places = (int) shape.elements(2, 4);
    int channels = (int) shape.dim(1);
    int perBlock = hasInputBlocks ? block : 1;
    int at = 0;
    for (int o = 0; o < kept.dim(0); o++) {
      for (int i = 0; i < kept.dim(1); i++) {
        for (int place = 0; place < places; place++) {
          int blockOf = o / block * (channels / perBlock) + i / perBlock;
          int inBlock = (place * perBlock + i % perBlock) * block + o % block;
          ordered[at++] = values[blockOf * places * perBlock * block + inBlock];
        }
      }
    }
    return Tensor.ofFloats(kept, ordered);
  }

  /** The number of a convolution's channels that are padding: their stored weights are zeros. */
  private record Padding(long outputs, long inputs) {
    static Padding of(Operands in, int block, boolean hasInputBlocks) {
      Optional<Tensor> stored = in.value(1);
      if (stored.isEmpty() || stored.get().type().type() != DataType.FLOAT) {
        return new Padding(0, 0);
      }
      float[] values = stored.get().toFloats();
      boolean[] isOutput = new boolean[block];
      boolean[] isInput = new boolean[block];
      int lastOutputs = (int) (values.length - values.length / stored.get().shape().dim(0) * block);
      int inputBlocks = (int) (stored.get().shape().dim(1) / block);
      int perInputs =
          hasInputBlocks ? (int) stored.get().shape().elements(2, 4) * block * block : 1;
      for (int i = 0; i < values.length; i++) {
        if (values[i] != 0) {
          isOutput[i % block] |= i >= lastOutputs;
          boolean isLast = hasInputBlocks && i / perInputs % inputBlocks == inputBlocks - 1;
          isInput[i / block % block] |= isLast;
        }
      }
      float[] bias = in.value(2).map(Tensor::toFloats).orElse(new float[0]);
      for (int i = Math.max(0, bias.length - block); i < bias.length; i++) {
        isOutput[i % block] |= bias[i] != 0;
      }
      return new Padding(last(isOutput), hasInputBlocks ? last(isInput) : 0);
    }

    /** The number of unused channels at the end of a block; 0 if none is used at all. */
    private static long last(boolean[] isUsed) {
      int unused = 0;
      while (unused < isUsed.length && !isUsed[isUsed.length - 1 - unused]) {
        unused++;
      }
      return unused == isUsed.length ? 0 : unused;
    }
  }
}
