package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What all equations about a node can ask of it. */
public final class NodeFunctions {
  private NodeFunctions() {}

  /**
   * From the arguments of a call.
   *
   * @param <H> what the equations are written into
   */
  @FunctionalInterface
  public interface Rule<H extends NodeHost> {
    /** The result of one call. */
    Object of(H host, List<Object> arguments);
  }

  /** A function of so many arguments. */
  @SuppressWarnings("unchecked") // a dialect's functions are called by its own hosts alone
  public static <H extends NodeHost> BuiltIn function(int arguments, Rule<H> rule) {
    return BuiltIn.of(arguments, (host, a) -> rule.of((H) host, a));
  }

  /** A new map of the functions, by name. */
  public static Map<String, BuiltIn> all() {
    Map<String, BuiltIn> all = new HashMap<>();
    all.put("type", function(1, (n, a) -> n.type(a.get(0)).type()));
    all.put("given", function(1, (n, a) -> !Value.isLeftOut(a.get(0))));
    all.put("wanted", function(1, (n, a) -> n.in().hasOutput((int) integer(a, 0))));
    all.put("input", function(1, (n, a) -> n.input((int) integer(a, 0))));
    all.put("index", function(1, (n, a) -> (long) input(a, 0)));
    all.put("input_count", function(0, (n, a) -> (long) n.in().inputCount()));
    all.put("output_count", function(0, (n, a) -> (long) n.in().outputCount()));
    all.put("output_shape", function(0, (n, a) -> list(n.in().output(0).shape().dims())));
    all.put("opset", function(0, (n, a) -> (long) n.in().opset()));
    all.put("is_constant", function(1, (n, a) -> n.in().isConstant(input(a, 0))));
    all.put("is_known", function(1, (n, a) -> n.in().value(input(a, 0)).isPresent()));
    all.put("values", function(1, (n, a) -> list(n.in().requireLongs(input(a, 0)))));
    all.put("number", function(1, (n, a) -> n.in().requireValue(input(a, 0)).longAt(0)));
    all.put("real_number", function(1, (n, a) -> n.in().requireValue(input(a, 0)).doubleAt(0)));
    all.put("attention_sizes", function(0, (n, a) -> AttentionSizes.of(n.in()).byName()));
    all.put(
        "product_order",
        function(
            2,
            (n, a) -> {
              Shape shape = n.shape(a.get(0));
              char operand = ((String) a.get(1)).charAt(0);
              int[] order = ProductOrder.of(n.attributes(), operand, shape.rank());
              return list(Arrays.stream(order).asLongStream().toArray());
            }));
    all.put(
        "check_scale",
        function(
            2,
            (n, a) -> {
              Quantization.requireScale(n.in(), input(a, 0), (boolean) a.get(1));
              return Value.NONE;
            }));
    return all;
  }

  /** Which input of the node an argument is. */
  public static int input(List<Object> arguments, int index) {
    return ((Value) arguments.get(index)).input();
  }
}
