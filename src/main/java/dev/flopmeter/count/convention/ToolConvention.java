package dev.flopmeter.count.convention;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.CountedNode;
import dev.flopmeter.model.equation.Definition;
import java.util.List;
import java.util.Map;

/**
 * A tool's way of counting, as a table of prices.
 *
 * @param version which version the prices were read from and confirmed with
 * @param key what the tool looks at: {@code module}, {@code function} (of PyTorch) or {@code
 *     operator} (of ONNX)
 * @param prices by module, function or operator, some with a mode behind a colon; others count 0
 * @param note what a user of the number should know
 */
record ToolConvention(
    String name,
    String unit,
    int perMac,
    String key,
    boolean keepsLastCallOnly,
    List<Convention> companions,
    String version,
    String note,
    Map<String, Definition> prices)
    implements Convention {
  private static final Definition NOTHING = Quantities.price("0");

  ToolConvention {
    companions = List.copyOf(companions);
    prices = Map.copyOf(prices);
  }

  @Override
  public long count(CountedNode call) {
    String name =
        switch (key) {
          case "module" -> call.module();
          case "function" -> call.function();
          case "operator" -> call.operands().node().qualifiedOp();
          default -> throw new IllegalStateException("conventions.csv: unknown key " + key);
        };
    Definition price = prices.getOrDefault(name, NOTHING);
    return new Quantities(call).by(prices.getOrDefault(name + ":" + mode(call), price));
  }

  /** The interpolation mode, as PyTorch names it. */
  private static String mode(CountedNode call) {
    String mode = call.operands().attributes().text("mode", "nearest");
    return switch (mode) {
      case "linear" -> call.operands().shape(0).rank() == 3 ? "linear" : "bilinear";
      case "cubic" -> "bicubic";
      default -> mode;
    };
  }
}
