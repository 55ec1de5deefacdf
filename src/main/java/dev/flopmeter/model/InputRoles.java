package dev.flopmeter.model;

import java.util.Map;
import java.util.Set;

/**
 * What the inputs of an operator are: learned data, or arguments.
 *
 * <p>Three kinds of operators: those with weight slots, where a stored tensor was learned, of any
 * type and size; those that pass data on from some inputs while the others are arguments (axes,
 * bounds, quantisation scales); and all others, where any stored floating-point tensor of more than
 * one element counts as learned, since a single number is a setting (epsilon, slope) far more often
 * than a learned value.
 */
public final class InputRoles {
  private InputRoles() {}

  private static final Set<Integer> NONE = Set.of();
  private static final Set<Integer> FIRST = Set.of(0);

  private static final Map<String, Set<Integer>> WEIGHTS =
      Map.ofEntries(
          Map.entry("BatchNormalization", Set.of(1, 2)),
          Map.entry("Conv", Set.of(1, 2)),
          Map.entry("ConvInteger", Set.of(1)),
          Map.entry("ConvTranspose", Set.of(1, 2)),
          Map.entry("DeformConv", Set.of(1, 3)),
          Map.entry("DequantizeLinear", FIRST),
          Map.entry("GRU", Set.of(1, 2, 3)),
          Map.entry("Gather", FIRST),
          Map.entry("Gemm", Set.of(0, 1, 2)),
          Map.entry("GroupNormalization", Set.of(1, 2)),
          Map.entry("InstanceNormalization", Set.of(1, 2)),
          Map.entry("LSTM", Set.of(1, 2, 3, 7)),
          Map.entry("LayerNormalization", Set.of(1, 2)),
          Map.entry("MatMul", Set.of(0, 1)),
          Map.entry("MatMulInteger", Set.of(0, 1)),
          Map.entry("PRelu", Set.of(1)),
          Map.entry("QLinearConv", Set.of(3, 8)),
          Map.entry("QLinearMatMul", Set.of(0, 3)),
          Map.entry("RMSNormalization", Set.of(1)),
          Map.entry("RNN", Set.of(1, 2, 3)),
          Map.entry("com.microsoft:Attention", Set.of(1, 2)),
          Map.entry("com.microsoft:BiasAdd", Set.of(1)),
          Map.entry("com.microsoft:BiasDropout", Set.of(1)),
          Map.entry("com.microsoft:BiasSplitGelu", Set.of(1)),
          Map.entry("com.microsoft:ConvTransposeWithDynamicPads", Set.of(1, 3)),
          Map.entry("com.microsoft:DequantizeLinear", Set.of(0)),
          Map.entry("com.microsoft:DynamicQuantizeLSTM", Set.of(1, 2, 3, 7)),
          Map.entry("com.microsoft:DynamicQuantizeMatMul", Set.of(1, 4)),
          Map.entry("com.microsoft:FusedMatMulActivation", Set.of(0, 1)),
          Map.entry("com.microsoft:GemmFastGelu", Set.of(1, 2)),
          Map.entry("com.microsoft:GroupNorm", Set.of(1, 2)),
          Map.entry("com.microsoft:MatMulInteger16", Set.of(0, 1)),
          Map.entry("com.microsoft:MatMulIntegerToFloat", Set.of(0, 1, 6)),
          Map.entry("com.microsoft:NhwcConv", Set.of(1, 2)),
          Map.entry("com.microsoft:NhwcFusedConv", Set.of(1, 2)),
          Map.entry("com.microsoft:QAttention", Set.of(1, 2)),
          Map.entry("com.microsoft:QEmbedLayerNormalization", Set.of(2, 3, 4, 5, 6)),
          Map.entry("com.microsoft:QGemm", Set.of(0, 3, 6)),
          Map.entry("com.microsoft:QLinearAdd", Set.of(0, 3)),
          Map.entry("com.microsoft:QLinearConv", Set.of(3, 8)),
          Map.entry("com.microsoft:QLinearMul", Set.of(0, 3)),
          Map.entry("com.microsoft:QLinearWhere", Set.of(1, 4)),
          Map.entry("com.microsoft:SkipGroupNorm", Set.of(1, 2, 4)),
          Map.entry("com.microsoft:TorchEmbedding", Set.of(0)),
          Map.entry("com.microsoft:TransposeMatMul", Set.of(0, 1)),
          Map.entry("com.microsoft.nchwc:Conv", Set.of(1, 2)),
          Map.entry("com.microsoft:BiasGelu", Set.of(1)),
          Map.entry("com.microsoft:DecoderMaskedMultiHeadAttention", Set.of(0, 1, 2, 10)),
          Map.entry("com.microsoft:EmbedLayerNormalization", Set.of(2, 3, 4, 5, 6)),
          Map.entry("com.microsoft:FastGelu", Set.of(1)),
          Map.entry("com.microsoft:FusedConv", Set.of(1, 2)),
          Map.entry("com.microsoft:FusedGemm", Set.of(0, 1, 2)),
          Map.entry("com.microsoft:FusedMatMul", Set.of(0, 1)),
          Map.entry("com.microsoft:GroupQueryAttention", Set.of(0, 1, 2, 11, 14, 15)),
          Map.entry("com.microsoft:MultiHeadAttention", Set.of(0, 1, 2, 3)),
          Map.entry("com.microsoft:PackedMultiHeadAttention", Set.of(0, 1, 2, 3)),
          Map.entry("com.microsoft:GatherBlockQuantized", FIRST),
          Map.entry("com.microsoft:MatMulBnb4", Set.of(1)),
          Map.entry("com.microsoft:MatMulFpQ4", Set.of(1)),
          Map.entry("com.microsoft:MatMulNBits", Set.of(1, 5)),
          Map.entry("com.microsoft:MoE", Set.of(2, 3, 4, 5, 6, 7)),
          Map.entry("com.microsoft:QMoE", Set.of(2, 4, 5, 7, 8, 10)),
          Map.entry("com.microsoft:SkipLayerNormalization", Set.of(2, 3, 4)));

  /** Where inputs other than these are arguments. */
  private static final Map<String, Set<Integer>> DATA =
      Map.ofEntries(
          Map.entry("Cast", FIRST),
          Map.entry("CastLike", FIRST),
          Map.entry("Clip", FIRST),
          Map.entry("Compress", FIRST),
          Map.entry("Constant", NONE),
          Map.entry("ConstantOfShape", NONE),
          Map.entry("DynamicQuantizeLinear", FIRST),
          Map.entry("Expand", FIRST),
          Map.entry("EyeLike", NONE),
          Map.entry("Flatten", FIRST),
          Map.entry("GatherElements", FIRST),
          Map.entry("GatherND", FIRST),
          Map.entry("Identity", FIRST),
          Map.entry("NonMaxSuppression", NONE),
          Map.entry("OneHot", NONE),
          Map.entry("Pad", FIRST),
          Map.entry("QuantizeLinear", FIRST),
          Map.entry("Range", NONE),
          Map.entry("Reshape", FIRST),
          Map.entry("Resize", FIRST),
          Map.entry("RoiAlign", FIRST),
          Map.entry("RotaryEmbedding", FIRST),
          Map.entry("STFT", FIRST),
          Map.entry("Shape", NONE),
          Map.entry("Size", NONE),
          Map.entry("Slice", FIRST),
          Map.entry("Split", FIRST),
          Map.entry("Squeeze", FIRST),
          Map.entry("Tile", FIRST),
          Map.entry("Transpose", FIRST),
          Map.entry("Trilu", FIRST),
          Map.entry("Unsqueeze", FIRST),
          Map.entry("Upsample", FIRST),
          Map.entry("com.microsoft:QuantizeLinear", FIRST),
          Map.entry("com.microsoft:RotaryEmbedding", FIRST));

  /** Operators that add their third input to each output that they multiply together. */
  private static final Set<String> WITH_BIAS =
      Set.of("Conv", "ConvTranspose", "Gemm", "com.microsoft:FusedConv", "com.microsoft:FusedGemm");

  /** Whether {@code node} multiplies and is given a bias to add. */
  public static boolean hasBias(Node node) {
    return WITH_BIAS.contains(node.qualifiedOp()) && node.hasInput(2);
  }

  /** Whether input {@code index} of {@code node} is a slot for weights. */
  public static boolean isWeight(Node node, int index) {
    return WEIGHTS.getOrDefault(node.qualifiedOp(), NONE).contains(index);
  }

  /** Whether input {@code index} of {@code node} is data rather than an argument. */
  public static boolean isData(Node node, int index) {
    Set<Integer> slots = WEIGHTS.getOrDefault(node.qualifiedOp(), DATA.get(node.qualifiedOp()));
    return slots == null || slots.contains(index);
  }

  /** Whether of input {@code index} a picking operator reads the elements that it picks. */
  public static boolean isPicked(Node node, int index) {
    boolean hasScales = node.qualifiedOp().equals("com.microsoft:GatherBlockQuantized");
    return index == 0 || (hasScales && index > 1);
  }

  /** How many values input {@code index} holds: several an element where bytes hold narrow ones. */
  public static long values(Operands in, int index) {
    long elements = in.type(index).elements();
    if (in.type(index).type() != DataType.UINT8 || !isWeight(in.node(), index)) {
      return elements;
    }
    return switch (in.node().qualifiedOp()) {
      case "com.microsoft:MatMulNBits", "com.microsoft:MatMulBnb4" ->
          Sizes.multiply(in.attributes().integer("N"), in.attributes().integer("K"));
      case "com.microsoft:MatMulFpQ4" -> Sizes.product(in.requireLongs(2));
      case "com.microsoft:GatherBlockQuantized" ->
          Sizes.multiply(elements, 8 / in.attributes().integer("bits", 4));
      case "com.microsoft:QMoE" ->
          Sizes.multiply(elements, 8 / in.attributes().integer("expert_weight_bits", 4));
      default -> elements;
    };
  }
}
