package dev.flopmeter.count;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.TorchOrigin;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which of an operator's stored tensors were learned.
 *
 * <p>The weight slots of the operators that have some; of all other operators the stored
 * floating-point tensors of more than one element, since a single stored number is a setting
 * (epsilon, scale, slope) far more often than a learned value. Statistics (a BatchNormalization's
 * mean and variance) and arguments (bounds, pads, scales, quantisation parameters) are none, nor
 * what the model itself notes as a buffer.
 */
final class Parameters {
  private Parameters() {}

  /** Slots that hold weights, whatever the element type and size. */
  private static final Map<String, Set<Integer>> WEIGHTS =
      Map.ofEntries(
          Map.entry("Conv", Set.of(1, 2)),
          Map.entry("ConvInteger", Set.of(1)),
          Map.entry("ConvTranspose", Set.of(1, 2)),
          Map.entry("DeformConv", Set.of(1, 3)),
          Map.entry("QLinearConv", Set.of(3, 8)),
          Map.entry("MatMul", Set.of(0, 1)),
          Map.entry("MatMulInteger", Set.of(0, 1)),
          Map.entry("QLinearMatMul", Set.of(0, 3)),
          Map.entry("Gemm", Set.of(0, 1, 2)),
          Map.entry("Gather", Set.of(0)),
          Map.entry("BatchNormalization", Set.of(1, 2)),
          Map.entry("LayerNormalization", Set.of(1, 2)),
          Map.entry("InstanceNormalization", Set.of(1, 2)),
          Map.entry("GroupNormalization", Set.of(1, 2)),
          Map.entry("RMSNormalization", Set.of(1)),
          Map.entry("PRelu", Set.of(1)),
          Map.entry("RNN", Set.of(1, 2, 3)),
          Map.entry("GRU", Set.of(1, 2, 3)),
          Map.entry("LSTM", Set.of(1, 2, 3, 7)),
          Map.entry("DequantizeLinear", Set.of(0)),
          Map.entry("com.microsoft:FusedConv", Set.of(1, 2)),
          Map.entry("com.microsoft:FusedGemm", Set.of(0, 1, 2)),
          Map.entry("com.microsoft:FusedMatMul", Set.of(0, 1)),
          Map.entry("com.microsoft:BiasGelu", Set.of(1)),
          Map.entry("com.microsoft:FastGelu", Set.of(1)),
          Map.entry("com.microsoft:Attention", Set.of(1, 2)),
          Map.entry("com.microsoft:SkipLayerNormalization", Set.of(2, 3, 4)),
          Map.entry("com.microsoft:EmbedLayerNormalization", Set.of(2, 3, 4, 5, 6)));

  /** Operators whose stored tensors are arguments, never learned. */
  private static final Set<String> ONLY_ARGUMENTS =
      Set.of(
          "Clip",
          "Constant",
          "NonMaxSuppression",
          "OneHot",
          "Pad",
          "QuantizeLinear",
          "Range",
          "Resize",
          "RoiAlign",
          "RotaryEmbedding",
          "STFT",
          "Split",
          "Tile",
          "Upsample");

  /** The learned values that the node reads, each once, by name. */
  static Map<String, TensorType> of(Operands in) {
    Node node = in.node();
    if (ONLY_ARGUMENTS.contains(node.qualifiedOp())) {
      return Map.of();
    }
    Set<Integer> slots = WEIGHTS.get(node.qualifiedOp());
    String buffers = node.metadata().get(TorchOrigin.BUFFER);
    Map<String, TensorType> learned = new LinkedHashMap<>();
    for (int i = 0; i < in.inputCount(); i++) {
      if (slots != null && !slots.contains(i)) {
        continue;
      }
      String value = in.has(i) ? node.inputs().get(i) : "";
      if (value.isEmpty() || value.equals(buffers)) {
        continue;
      }
      Tensor tensor = in.value(i).orElse(null);
      if (tensor != null && (slots != null ? isWeight(tensor) : looksLearned(tensor))) {
        learned.put(value, tensor.type());
      }
    }
    return learned;
  }

  /** A weight may be stored as narrow integers, but int64 is for shapes and indices. */
  private static boolean isWeight(Tensor tensor) {
    TensorType type = tensor.type();
    return type.type().isFloat() || (type.type().isInteger() && type.type().bits() <= 32);
  }

  private static boolean looksLearned(Tensor tensor) {
    return tensor.type().type().isFloat() && tensor.elements() > 1;
  }
}
