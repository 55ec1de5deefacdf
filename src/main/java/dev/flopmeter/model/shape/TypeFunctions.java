package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.shape.NodeFunctions.function;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.Window;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import java.util.List;
import java.util.Map;

/** What the equations of {@code shapes.txt} can ask for. */
final class TypeFunctions {
  private TypeFunctions() {}

  static final Dialect DIALECT = new Dialect("shapes.txt", all(), name -> false);

  private static Map<String, BuiltIn> all() {
    Map<String, BuiltIn> all = NodeFunctions.all();
    addTypes(all);
    addOperators(all);
    return all;
  }

  private static void addTypes(Map<String, BuiltIn> all) {
    all.put("tensor_type", function(1, (n, a) -> n.type(a.get(0))));
    all.put("is_typed", function(1, (n, a) -> n.in().knownType(input(a, 0)).isPresent()));
    all.put("code", function(1, (n, a) -> DataType.ofCode(integer(a, 0))));
    all.put("typed", function(2, (n, a) -> TensorType.of((DataType) a.get(0), dims(a.get(1)))));
    all.put("like", function(2, (n, a) -> n.type(a.get(0)).withShape(shape(a, 1))));
    all.put("as", function(2, (n, a) -> n.type(a.get(0)).withType((DataType) a.get(1))));
    all.put("broadcast", function(2, (n, a) -> list(shape(a, 0).broadcast(shape(a, 1)).dims())));
    all.put(
        "with",
        function(3, (n, a) -> list(shape(a, 0).with((int) integer(a, 1), integer(a, 2)).dims())));
    all.put("count", function(1, (n, a) -> shape(a, 0).elements()));
    all.put(
        "is_block",
        function(1, (n, a) -> integer(a, 0) >= 16 && Long.bitCount(integer(a, 0)) == 1));
    all.put("text", function(1, (n, a) -> shape(a, 0).toString()));
  }

  private static void addOperators(Map<String, BuiltIn> all) {
    all.put(
        "window_output",
        function(2, (n, a) -> list(window(n, a).output(n.shape(a.get(0))).dims())));
    all.put(
        "transposed_output",
        function(
            2,
            (n, a) -> {
              Shape input = n.shape(a.get(0));
              return list(
                  TransposedWindow.of(n.attributes(), input, dims(a.get(1))).output().dims());
            }));
    all.put(
        "window",
        function(
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
        "einsum_shape",
        function(0, (n, a) -> list(EinsumEquation.of(n.in()).outputShape().dims())));
    all.put("attention_sizes", function(0, (n, a) -> AttentionSizes.of(n.in()).byName()));
    all.put("stored_constant", function(0, (n, a) -> StoredConstant.of(n.attributes()).type()));
    all.put(
        "filled_type",
        function(
            0,
            (n, a) ->
                n.attributes()
                    .tensor("value")
                    .map(value -> value.type().type())
                    .orElse(DataType.FLOAT)));
    all.put("non_zeros", function(0, (n, a) -> (long) DataSelection.nonZeros(n.in()).length));
    all.put("selected_boxes", function(0, (n, a) -> (long) DataSelection.boxes(n.in()).length));
    all.put(
        "uniques",
        function(
            0,
            (n, a) -> {
              DataSelection.Uniques found = DataSelection.uniques(n.in());
              return Map.of(
                  "axis", (long) found.axis(),
                  "different", (long) found.first().length,
                  "all", (long) found.inverse().length);
            }));
    all.put("compressed", function(0, (n, a) -> (long) DataSelection.compressed(n.in()).length));
  }

  private static Shape shape(List<Object> arguments, int index) {
    return Shape.of(dims(arguments.get(index)));
  }

  private static Window window(NodeHost node, List<Object> arguments) {
    return Window.of(node.attributes(), node.shape(arguments.get(0)), dims(arguments.get(1)));
  }
}
