package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.shape.NodeFunctions.function;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code shapes.txt} can ask for. */
final class TypeFunctions {
  private TypeFunctions() {}

  static final Dialect DIALECT = new Dialect("shapes.txt", TypeFunctions::find, name -> false);

  private static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "tensor_type" -> function(1, (n, a) -> n.type(a.get(0)));
      case "is_typed" -> function(1, (n, a) -> n.in().knownType(input(a, 0)).isPresent());
      case "typed" -> function(2, (n, a) -> TensorType.of((DataType) a.get(0), dims(a.get(1))));
      case "like" -> function(2, (n, a) -> n.type(a.get(0)).withShape(shape(a, 1)));
      case "as" -> function(2, (n, a) -> n.type(a.get(0)).withType((DataType) a.get(1)));
      case "is_block" ->
          function(1, (n, a) -> integer(a, 0) >= 16 && Long.bitCount(integer(a, 0)) == 1);
      case "window_output" ->
          function(2, (n, a) -> list(NodeFunctions.window(n, a).output(n.shape(a.get(0))).dims()));
      case "sliced" -> function(0, (n, a) -> sizes(SliceRange.of(n.in()), SliceRange::count));
      case "padded" -> function(0, (n, a) -> sizes(PaddedAxis.of(n.in()), PaddedAxis::length));
      case "data_decides" ->
          function(
              0,
              (n, a) -> {
                throw new DataDependentException(n.in().node().op());
              });
      case "einsum_shape" ->
          function(0, (n, a) -> list(EinsumEquation.of(n.in()).outputShape().dims()));
      case "stored_constant" -> function(0, (n, a) -> StoredConstant.of(n.attributes()).type());
      case "filled_type" ->
          function(
              0,
              (n, a) ->
                  n.attributes()
                      .tensor("value")
                      .map(value -> value.type().type())
                      .orElse(DataType.FLOAT));
      case "non_zeros" -> function(0, (n, a) -> (long) DataSelection.nonZeros(n.in()).length);
      case "selected_boxes" -> function(0, (n, a) -> (long) DataSelection.boxes(n.in()).length);
      case "uniques" ->
          function(
              0,
              (n, a) -> {
                DataSelection.Uniques found = DataSelection.uniques(n.in());
                return Map.of(
                    "axis", (long) found.axis(),
                    "different", (long) found.first().length,
                    "all", (long) found.inverse().length);
              });
      case "compressed" -> function(0, (n, a) -> (long) DataSelection.compressed(n.in()).length);
      default -> NodeFunctions.find(name);
    };
  }

  private static <T> List<Object> sizes(T[] axes, ToLongFunction<T> size) {
    return list(Arrays.stream(axes).mapToLong(size).toArray());
  }

  private static Shape shape(List<Object> arguments, int index) {
    return Shape.of(dims(arguments.get(index)));
  }
}
