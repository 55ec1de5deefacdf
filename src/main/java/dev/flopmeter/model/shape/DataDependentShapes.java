package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataDependentException;
import java.util.Map;

/** Operators whose output shapes depend on data, or that hold no tensors: sequences, texts. */
final class DataDependentShapes {
  private DataDependentShapes() {}

  /** Their output shapes are known only at run time, or their outputs are not tensors. */
  private static final String DATA_DECIDES =
      """
      ConcatFromSequence ImageDecoder Optional SequenceAt SequenceConstruct SequenceEmpty
      SequenceErase SequenceInsert SplitToSequence StringNormalizer StringSplit
      """;

  static void addTo(Map<String, ShapeRule> rules) {
    ShapeRule dataDependent =
        in -> {
          throw new DataDependentException(in.node().op());
        };
    for (String op : DATA_DECIDES.strip().split("\\s+", -1)) {
      rules.put(op, dataDependent);
    }
  }
}
