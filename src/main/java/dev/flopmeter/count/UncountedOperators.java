package dev.flopmeter.count;

import java.util.Map;
import java.util.TreeMap;

/** Known operators that have no rule, and what is missing (ONNX Runtime's ContribOperators.md). */
public final class UncountedOperators {
  private static final String SEARCH =
      "it runs the graphs in its attributes until a search ends; count those graphs as models of"
          + " their own";
  private static final String NO_TEXT = "its work depends on the lengths of texts, which are data";
  private static final String OTHERS = "only an execution provider of its own runs it";
  private static final String LAYOUT =
      "its tensors lie in an order of NVIDIA's cublasLt, which no shape tells";

  private static final Map<String, String> REASONS = new TreeMap<>();

  private static void add(String reason, String... operators) {
    for (String operator : operators) {
      REASONS.put("com.microsoft:" + operator, reason);
    }
  }

  static {
    add(SEARCH, "BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch");
    add(NO_TEXT, "Tokenizer");
    add(OTHERS, "EPContext", "Snpe");
    add(
        LAYOUT,
        "DequantizeWithOrder",
        "QOrderedAttention",
        "QOrderedGelu",
        "QOrderedLayerNormalization",
        "QOrderedLongformerAttention",
        "QOrderedMatMul",
        "QuantizeWithOrder");
    add("its number format is that of one vendor", "DequantizeBFP", "QuantizeBFP");
    add("it compares generated tokens with a source, which is data", "BifurcationDetector");
    add("how many keys each sequence has is data", "PagedAttention");
    add(
        "which keys or blocks are read is data",
        "DynamicSparseAttention",
        "LongformerAttention",
        "PackedSparseAttentionIndexer",
        "PackedSparseAttentionIndexerMerge",
        "SparseAttention",
        "SparseAttentionIndexer",
        "SparsePagedAttention");
    add(
        "how many tokens are kept is data",
        "GatherPacked",
        "MoEPacked",
        "RemovePadding",
        "RestorePadding",
        "SpeculativePrefixCommit");
    add(
        "it works on hashes or texts, not on numbers",
        "MurmurHash3",
        "NGramHashMapping",
        "NGramRepeatBlock",
        "VarlenNGramHashMapping",
        "WordConvEmbedding");
    add(
        "no rule yet: a part of one family of networks",
        "AttnLSTM",
        "BranchwiseRMSNorm",
        "CausalConvWithState",
        "ConvStateReplay",
        "DecoderAttention",
        "DecoderMaskedSelfAttention",
        "DynamicTimeWarping",
        "EngramGate",
        "GatedAdd",
        "GatedDeltaNet",
        "GatedDeltaNetStateReplay",
        "GatedRMSNorm",
        "GemmFloat8",
        "GemmaRotaryEmbedding",
        "HyperConnectionLowRankMix",
        "HyperConnectionPostMix",
        "HyperConnectionPreMix",
        "LinearAttention",
        "LinearAttentionGate",
        "MRotaryEmbedding",
        "Mamba2Verify",
        "MatMulBlockQuantizedFp4Weight",
        "MatMulBlockQuantizedFp8Weight",
        "MatMulNBitsMlp",
        "MatMulNBitsQLoRA",
        "MatMulNBitsQkv",
        "MatMulPacked",
        "MaxpoolWithMask",
        "MoEGroupRouter",
        "PackedAttention",
        "RMSNormRotary",
        "RouterGateUpProj",
        "ScaledSiLU",
        "SwiGLU",
        "VarlenCausalConvWithState");
    add("how many elements its sparse tensor has is data", "SparseToDenseMatMul");
  }

  private UncountedOperators() {}

  /** The reasons by qualified operator name, sorted. */
  public static Map<String, String> all() {
    return Map.copyOf(REASONS);
  }

  static String reason(String qualifiedOp) {
    return REASONS.getOrDefault(qualifiedOp, "no rule for this operator");
  }
}
