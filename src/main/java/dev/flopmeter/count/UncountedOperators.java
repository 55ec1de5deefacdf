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
    add("which blocks are not empty is data", "SparseAttention");
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
