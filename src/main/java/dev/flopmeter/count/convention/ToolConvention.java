package dev.flopmeter.count.convention;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.CountedNode;
import java.util.List;
import java.util.Map;

/**
 * A tool's way of counting, as a table of prices.
 *
 * @param version which version the rules were read from and confirmed with
 * @param key what the tool looks at: PyTorch modules, PyTorch functions, or ONNX operators
 * @param prices by module, function or operator; what is not in it counts 0
 * @param note what a user of the number should know
 */
record ToolConvention(
    String name,
    String unit,
    int perMac,
    String version,
    Key key,
    Map<String, Price> prices,
    String note,
    boolean keepsLastCallOnly,
    List<Convention> companions)
    implements Convention {

  /** What names the rows of a table. */
  enum Key {
    MODULE {
      @Override
      String of(CountedNode call) {
        return call.module();
      }
    },
    FUNCTION {
      @Override
      String of(CountedNode call) {
        return call.function();
      }
    },
    OPERATOR {
      @Override
      String of(CountedNode call) {
        return call.operands().node().qualifiedOp();
      }
    };

    abstract String of(CountedNode call);
  }

  ToolConvention(
      String name,
      String unit,
      int perMac,
      String version,
      Key key,
      Map<String, Price> prices,
      String note) {
    this(name, unit, perMac, version, key, prices, note, false, List.of());
  }

  ToolConvention withCompanions(Convention... others) {
    return new ToolConvention(
        name, unit, perMac, version, key, prices, note, keepsLastCallOnly, List.of(others));
  }

  ToolConvention keepingLastCallOnly() {
    return new ToolConvention(name, unit, perMac, version, key, prices, note, true, companions);
  }

  @Override
  public long count(CountedNode call) {
    Price price = prices.get(key.of(call));
    return price == null ? 0 : price.rule().applyAsLong(call);
  }
}
