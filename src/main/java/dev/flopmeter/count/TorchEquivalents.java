package dev.flopmeter.count;

import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;

/**
 * The PyTorch module and function that an operator stands for if the model does not say: an
 * operator with a corresponding module counts as a call of it ({@code torch.csv}), everything else
 * as a plain function.
 */
final class TorchEquivalents {
  private TorchEquivalents() {}

  /** Module and function, by operator. */
  private static final Map<String, List<String>> ROWS =
      Csv.byWord(TorchEquivalents.class, "torch.csv");

  private static final List<String> NEITHER = List.of("", "");

  static String module(CountedNode call) {
    int axes =
        Math.max(1, call.operands().knownType(0).map(type -> type.shape().rank() - 2).orElse(2));
    return row(call).get(0).replace("#", Integer.toString(axes));
  }

  static String function(CountedNode call) {
    return row(call).get(1);
  }

  private static List<String> row(CountedNode call) {
    String op = call.operands().node().qualifiedOp();
    List<String> row = ROWS.getOrDefault(op, NEITHER);
    return call.isConstant(1) ? ROWS.getOrDefault(op + ":stored", row) : row;
  }
}
