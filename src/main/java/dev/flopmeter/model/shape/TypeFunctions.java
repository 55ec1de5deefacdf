package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.shape.NodeFunctions.input;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Dialect;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the equations of {@code shapes.txt} can ask for. */
final class TypeFunctions implements Dialect {
  static final Dialect DIALECT = new TypeFunctions();

  private TypeFunctions() {}

  @Override
  public String file() {
    return "shapes.txt";
  }

  @Override
  public @Nullable BuiltIn function(String name) {
    BuiltIn own =
        BuiltIn.listed(
            name,
            new Function(name),
            "data_decides einsum_shape stored_constant filled_type non_zeros selected_boxes uniques"
                + " compressed",
            "tensor_type is_typed is_block",
            "typed like as");
    return own == null ? NodeFunctions.find(name) : own;
  }

  /** One of them. A lambda for each would lengthen short commands. */
  private record Function(String name) implements BuiltIn.Rule<NodeHost> {
    @Override
    public Object of(NodeHost n, List<Object> a) {
      return switch (name) {
        case "tensor_type" -> n.type(a.get(0));
        case "is_typed" -> n.in().knownType(input(a, 0)).isPresent();
        case "typed" -> TensorType.of((DataType) a.get(0), dims(a.get(1)));
        case "like" -> n.type(a.get(0)).withShape(shape(a, 1));
        case "as" -> n.type(a.get(0)).withType((DataType) a.get(1));
        case "is_block" -> integer(a, 0) >= 16 && Long.bitCount(integer(a, 0)) == 1;
        case "data_decides" -> {
          throw new DataDependentException(n.in().node().op());
        }
        case "einsum_shape" -> list(EinsumEquation.of(n.in()).outputShape().dims());
        case "stored_constant" -> StoredConstant.of(n.attributes()).type();
        case "filled_type" -> {
          Tensor value = n.attributes().tensor("value").orElse(null);
          yield value == null ? DataType.FLOAT : value.type().type();
        }
        case "non_zeros" -> (long) DataSelection.nonZeros(n.in()).length;
        case "selected_boxes" -> (long) DataSelection.boxes(n.in()).length;
        case "uniques" -> {
          DataSelection.Uniques found = DataSelection.uniques(n.in());
          yield Map.of(
              "axis", (long) found.axis(),
              "different", (long) found.first().length,
              "all", (long) found.inverse().length);
        }
        case "compressed" -> (long) DataSelection.compressed(n.in()).length;
        default -> throw new IllegalArgumentException(name);
      };
    }
  }

  private static Shape shape(List<Object> arguments, int index) {
    return Shape.of(dims(arguments.get(index)));
  }
}
