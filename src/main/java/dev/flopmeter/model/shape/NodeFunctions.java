package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Value;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** The functions that all equations about a node can use. */
public final class NodeFunctions {
  private NodeFunctions() {}

  /** A function with a fixed number of arguments. */
  public static <H extends NodeHost> BuiltIn function(int arguments, BuiltIn.Rule<H> rule) {
    return BuiltIn.of(arguments, rule);
  }

  /** A function by its name. */
  public static @Nullable BuiltIn find(String name) {
    BuiltIn own =
        BuiltIn.listed(
            name,
            new Function(name),
            "input_count output_count output_shape operator opset reduced_axes",
            "code type is_number is_float is_integer is_unsigned bits wanted input index output"
                + " is_constant is_known values real_values number real_number lower_case"
                + " slice_range",
            "check_scale",
            "",
            "padded_places");
    return own == null ? NodeSizes.find(name) : own;
  }

  /** One of them. A lambda for each would lengthen short commands. */
  private record Function(String name) implements BuiltIn.Rule<NodeHost> {
    @Override
    public Object of(NodeHost n, List<Object> a) {
      return switch (name) {
        case "code" -> DataType.ofCode(integer(a, 0));
        case "type" -> n.type(a.get(0)).type();
        case "is_number" -> a.get(0) instanceof Number;
        case "is_float" -> ((DataType) a.get(0)).isFloat();
        case "is_integer" -> ((DataType) a.get(0)).isInteger();
        case "is_unsigned" -> ((DataType) a.get(0)).name().startsWith("U");
        case "bits" -> (long) ((DataType) a.get(0)).bits();
        case "wanted" -> n.in().hasOutput((int) integer(a, 0));
        case "input" -> n.input((int) integer(a, 0));
        case "index" -> (long) input(a, 0);
        case "input_count" -> (long) n.in().inputCount();
        case "output_count" -> (long) n.in().outputCount();
        case "output" -> n.in().output((int) integer(a, 0));
        case "output_shape" -> list(n.in().output(0).shape().dims());
        case "operator" -> n.in().node().qualifiedOp();
        case "opset" -> (long) n.in().opset();
        case "is_constant" -> n.in().isConstant(input(a, 0));
        case "is_known" -> n.in().value(input(a, 0)).isPresent();
        case "values" -> list(n.in().requireLongs(input(a, 0)));
        case "real_values" -> DoubleStream.of(n.in().requireDoubles(input(a, 0))).boxed().toList();
        case "number" -> n.in().requireValue(input(a, 0)).longAt(0);
        case "real_number" -> n.in().requireValue(input(a, 0)).doubleAt(0);
        case "lower_case" -> ((String) a.get(0)).toLowerCase(Locale.ROOT);
        case "reduced_axes" -> list(ReducedAxes.axes(n.in()));
        case "slice_range" -> sliceRange(n.in(), (int) integer(a, 0));
        case "padded_places" ->
            list(
                new PaddedAxis(integer(a, 1), integer(a, 2), integer(a, 3))
                    .sources((String) a.get(0)));
        case "check_scale" -> {
          Quantization.requireScale(n.in(), input(a, 0), (boolean) a.get(1));
          yield Value.NONE;
        }
        default -> throw new IllegalArgumentException(name);
      };
    }
  }

  /** Start, step and count. */
  private static List<Object> sliceRange(Operands in, int axis) {
    SliceRange range = SliceRange.of(in)[axis];
    return List.of(range.start(), range.step(), range.count());
  }

  /** The index of the node's input that an argument is. */
  public static int input(List<Object> arguments, int index) {
    return ((Value) arguments.get(index)).input();
  }
}
