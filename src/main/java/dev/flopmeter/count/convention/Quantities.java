package dev.flopmeter.count.convention;

import static dev.flopmeter.model.equation.Terms.integer;

import dev.flopmeter.count.CountedNode;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.shape.NodeFunctions;
import dev.flopmeter.model.shape.NodeHost;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The quantities of prices for one node, by the names in {@code prices.csv} and in {@code
 * docs/counting.md}; the equations of {@code quantities.txt} compute it.
 */
record Quantities(CountedNode call) implements NodeHost {
  private static final Dialect DIALECT =
      new Dialect.Of("quantities.txt", Quantities::function, name -> false);

  private static final Map<String, Definition> ALL = Definition.read(Quantities.class, DIALECT);
  private static final Pattern QUANTITY = Pattern.compile("[a-z][a-z-]*");

  @Override
  public Operands in() {
    return call.operands();
  }

  /** A price such as {@code 2 x MACs - out + bias}. */
  static Definition price(String text) {
    String names = text.toLowerCase(Locale.ROOT).replace(" x ", " * ");
    String sum = QUANTITY.matcher(names).replaceAll(name -> name.group().replace('-', '_') + "()");
    return Definition.of(sum, List.of(), DIALECT, ALL);
  }

  /** The amount that a price gives for the node. */
  long by(Definition price) {
    return (Long) results(price).get(0);
  }

  private static @Nullable BuiltIn function(String name) {
    return switch (name) {
      case "macs" -> of(call -> call.work().macs());
      case "learned" -> of(CountedNode::parameters);
      case "added" -> of(CountedNode::biasAdditions);
      case "is_normalized" -> of(call -> call.reader().equals("BatchNormalization"));
      case "is_folded" -> of(call -> call.writer(0).equals("Conv") && call.isOnlyReaderOf(0));
      case "is_stored" ->
          NodeFunctions.<Quantities>function(
              1, (n, a) -> n.call().isConstant(NodeFunctions.input(a, 0)));
      case "bytes" ->
          NodeFunctions.function(1, (n, a) -> n.in().type(0).type().bytes(integer(a, 0)));
      default -> NodeFunctions.find(name);
    };
  }

  private static BuiltIn of(Function<CountedNode, Object> quantity) {
    return NodeFunctions.<Quantities>function(0, (n, a) -> quantity.apply(n.call()));
  }
}
