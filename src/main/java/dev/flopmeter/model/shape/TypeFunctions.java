package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.Window;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import dev.flopmeter.model.equation.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the equations of {@code shapes.txt} can ask for. */
final class TypeFunctions {
  private TypeFunctions() {}

  static final Dialect DIALECT = new Dialect("shapes.txt", all(), name -> false);

  /** From the arguments of a call. */
  @FunctionalInterface
  private interface Rule {
    Object of(TypeEquations node, List<Object> arguments);
  }

  private static Map<String, BuiltIn> all() {
    Map<String, BuiltIn> all = new HashMap<>();
    addTypes(all);
    addValues(all);
    addOperators(all);
    return all;
  }

  private static BuiltIn of(int arguments, Rule rule) {
    return BuiltIn.of(arguments, (host, a) -> rule.of((TypeEquations) host, a));
  }

  private static void addTypes(Map<String, BuiltIn> all) {
    all.put("type", of(1, (n, a) -> n.type(a.get(0)).type()));
    all.put("tensor_type", of(1, (n, a) -> n.type(a.get(0))));
    all.put("is_typed", of(1, (n, a) -> n.in().knownType(input(a, 0)).isPresent()));
    all.put("code", of(1, (n, a) -> DataType.ofCode(integer(a, 0))));
    all.put("typed", of(2, (n, a) -> TensorType.of((DataType) a.get(0), dims(a.get(1)))));
    all.put("like", of(2, (n, a) -> n.type(a.get(0)).withShape(shape(a, 1))));
    all.put("as", of(2, (n, a) -> n.type(a.get(0)).withType((DataType) a.get(1))));
    all.put("broadcast", of(2, (n, a) -> list(shape(a, 0).broadcast(shape(a, 1)).dims())));
    all.put(
        "with", of(3, (n, a) -> list(shape(a, 0).with((int) integer(a, 1), integer(a, 2)).dims())));
    all.put("count", of(1, (n, a) -> shape(a, 0).elements()));
    all.put("times", of(1, (n, a) -> Sizes.product(dims(a.get(0)))));
    all.put("text", of(1, (n, a) -> shape(a, 0).toString()));
  }

  private static void addValues(Map<String, BuiltIn> all) {
    all.put("given", of(1, (n, a) -> !Value.isLeftOut(a.get(0))));
    all.put("input", of(1, (n, a) -> n.input((int) integer(a, 0))));
    all.put("index", of(1, (n, a) -> (long) input(a, 0)));
    all.put("output_count", of(0, (n, a) -> (long) n.in().outputCount()));
    all.put("opset", of(0, (n, a) -> (long) n.in().opset()));
    all.put("numbers", of(1, (n, a) -> list(n.in().requireLongs(input(a, 0)))));
    all.put("values", of(1, (n, a) -> list(value(n, a).toLongs())));
    all.put("number", of(1, (n, a) -> value(n, a).longAt(0)));
    all.put("real_number", of(1, (n, a) -> value(n, a).doubleAt(0)));
    all.put(
        "check_scale",
        of(
            2,
            (n, a) -> {
              Quantization.requireScale(n.in(), input(a, 0), (boolean) a.get(1));
              return Value.NONE;
            }));
    all.put(
        "check_zero",
        of(
            2,
            (n, a) -> {
              Quantization.requireZeroPoint(n.in(), input(a, 0), input(a, 1));
              return Value.NONE;
            }));
    all.put("is_block", of(1, (n, a) -> integer(a, 0) >= 16 && Long.bitCount(integer(a, 0)) == 1));
  }

  private static void addOperators(Map<String, BuiltIn> all) {
    all.put("window_output", of(2, (n, a) -> list(window(n, a).output(n.shape(a.get(0))).dims())));
    all.put(
        "transposed_output",
        of(
            2,
            (n, a) -> {
              Shape input = n.shape(a.get(0));
              return list(
                  TransposedWindow.of(n.attributes(), input, dims(a.get(1))).output().dims());
            }));
    all.put(
        "window",
        of(
            2,
            (n, a) -> {
              Window window = window(n, a);
              return Map.of(
                  "kernel", list(window.kernel()),
                  "stride", list(window.stride()),
                  "begin", list(window.padBegin()),
                  "end", list(window.padEnd()));
            }));
    all.put(
        "ordered",
        of(
            2,
            (n, a) -> {
              Shape shape = n.shape(a.get(0));
              char operand = ((String) a.get(1)).charAt(0);
              int[] order = ProductOrder.of(n.attributes(), operand, shape.rank());
              return list(Arrays.stream(order).mapToLong(shape::dim).toArray());
            }));
    all.put("einsum_shape", of(0, (n, a) -> list(EinsumEquation.of(n.in()).outputShape().dims())));
    all.put("attention_sizes", of(0, (n, a) -> AttentionSizes.of(n.in()).byName()));
    all.put("stored_constant", of(0, (n, a) -> StoredConstant.of(n.attributes()).type()));
    all.put(
        "filled_type",
        of(
            0,
            (n, a) ->
                n.attributes()
                    .tensor("value")
                    .map(value -> value.type().type())
                    .orElse(DataType.FLOAT)));
    all.put("non_zeros", of(0, (n, a) -> (long) DataSelection.nonZeros(n.in()).length));
    all.put("selected_boxes", of(0, (n, a) -> (long) DataSelection.boxes(n.in()).length));
    all.put(
        "uniques",
        of(
            0,
            (n, a) -> {
              DataSelection.Uniques found = DataSelection.uniques(n.in());
              return Map.of(
                  "axis", (long) found.axis(),
                  "different", (long) found.first().length,
                  "all", (long) found.inverse().length);
            }));
    all.put("compressed", of(0, (n, a) -> (long) DataSelection.compressed(n.in()).length));
  }

  /** Which input of the node an argument is. */
  private static int input(List<Object> arguments, int index) {
    return ((Value) arguments.get(index)).input();
  }

  private static Tensor value(TypeEquations node, List<Object> arguments) {
    return node.in().requireValue(input(arguments, 0));
  }

  private static Shape shape(List<Object> arguments, int index) {
    return Shape.of(dims(arguments.get(index)));
  }

  private static Window window(TypeEquations node, List<Object> arguments) {
    return Window.of(node.attributes(), node.shape(arguments.get(0)), dims(arguments.get(1)));
  }
}
