package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import java.util.Map;

/**
 * The PyTorch module and function that an operator stands for where the model does not say: each
 * operator that has a module of its own is taken for a call of it, a MatMul with stored weights for
 * a Linear, everything else for a plain function.
 */
final class TorchEquivalents {
  private TorchEquivalents() {}

  private static final Map<String, String> MODULES =
      Map.ofEntries(
          Map.entry("Gemm", "Linear"),
          Map.entry("LayerNormalization", "LayerNorm"),
          Map.entry("GroupNormalization", "GroupNorm"),
          Map.entry("RMSNormalization", "RMSNorm"),
          Map.entry("Relu", "ReLU"),
          Map.entry("LeakyRelu", "LeakyReLU"),
          Map.entry("PRelu", "PReLU"),
          Map.entry("Elu", "ELU"),
          Map.entry("Selu", "SELU"),
          Map.entry("Gelu", "GELU"),
          Map.entry("com.microsoft:Gelu", "GELU"),
          Map.entry("Sigmoid", "Sigmoid"),
          Map.entry("Tanh", "Tanh"),
          Map.entry("HardSigmoid", "Hardsigmoid"),
          Map.entry("HardSwish", "Hardswish"),
          Map.entry("Mish", "Mish"),
          Map.entry("Softmax", "Softmax"),
          Map.entry("Dropout", "Dropout"),
          Map.entry("Flatten", "Flatten"),
          Map.entry("Resize", "Upsample"),
          Map.entry("Upsample", "Upsample"),
          Map.entry("RNN", "RNN"),
          Map.entry("GRU", "GRU"),
          Map.entry("LSTM", "LSTM"));

  private static final Map<String, String> BY_RANK =
      Map.ofEntries(
          Map.entry("Conv", "Conv"),
          Map.entry("ConvTranspose", "ConvTranspose"),
          Map.entry("BatchNormalization", "BatchNorm"),
          Map.entry("InstanceNormalization", "InstanceNorm"),
          Map.entry("MaxPool", "MaxPool"),
          Map.entry("AveragePool", "AvgPool"),
          Map.entry("GlobalAveragePool", "AdaptiveAvgPool"),
          Map.entry("GlobalMaxPool", "AdaptiveMaxPool"));

  private static final Map<String, String> FUNCTIONS =
      Map.ofEntries(
          Map.entry("Conv", "conv"),
          Map.entry("ConvTranspose", "conv_transpose"),
          Map.entry("Gemm", "linear"),
          Map.entry("Einsum", "einsum"),
          Map.entry("Attention", "scaled_dot_product_attention"),
          Map.entry("BatchNormalization", "batch_norm"),
          Map.entry("LayerNormalization", "layer_norm"),
          Map.entry("InstanceNormalization", "instance_norm"),
          Map.entry("GroupNormalization", "group_norm"),
          Map.entry("Relu", "relu"),
          Map.entry("LeakyRelu", "leaky_relu"),
          Map.entry("PRelu", "prelu"),
          Map.entry("Elu", "elu"),
          Map.entry("Gelu", "gelu"),
          Map.entry("com.microsoft:Gelu", "gelu"),
          Map.entry("Mish", "mish"),
          Map.entry("Softmax", "softmax"),
          Map.entry("MaxPool", "max_pool"),
          Map.entry("AveragePool", "avg_pool"),
          Map.entry("GlobalAveragePool", "adaptive_avg_pool"),
          Map.entry("GlobalMaxPool", "adaptive_max_pool"),
          Map.entry("Resize", "upsample"),
          Map.entry("Upsample", "upsample"),
          Map.entry("GridSample", "grid_sample"));

  static String module(CountedNode call) {
    Operands in = call.operands();
    String op = in.node().qualifiedOp();
    String byRank = BY_RANK.get(op);
    if (byRank != null) {
      int axes = Math.max(1, in.knownType(0).map(type -> type.shape().rank() - 2).orElse(2));
      return byRank + axes + "d";
    }
    if (op.equals("MatMul")) {
      return call.isConstant(1) ? "Linear" : "";
    }
    return MODULES.getOrDefault(op, "");
  }

  static String function(CountedNode call) {
    Operands in = call.operands();
    String op = in.node().qualifiedOp();
    if (op.equals("MatMul")) {
      return call.isConstant(1) ? "linear" : "matmul";
    }
    return FUNCTIONS.getOrDefault(op, "");
  }
}
