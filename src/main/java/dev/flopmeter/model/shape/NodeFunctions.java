package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.dims;
import static dev.flopmeter.model.equation.Terms.integer;
import static dev.flopmeter.model.equation.Terms.list;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import dev.flopmeter.model.equation.BuiltIn;
import dev.flopmeter.model.equation.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What all equations about a node can ask of it. */
public final class NodeFunctions {
  private NodeFunctions() {}

  /** A function of so many arguments. */
  public static <H extends NodeHost> BuiltIn function(int arguments, BuiltIn.Rule<H> rule) {
    return BuiltIn.of(arguments, rule);
  }

  /** A function by its name. */
  public static @Nullable BuiltIn find(String name) {
    return switch (name) {
      case "input_count",
          "output_count",
          "output_shape",
          "operator",
          "opset",
          "reduced_axes",
          "slice_ranges",
          "attention_sizes",
          "resizing" ->
          BuiltIn.of(0, new Function(name));
      case "code",
          "type",
          "is_number",
          "is_float",
          "is_integer",
          "is_unsigned",
          "bits",
          "lowest",
          "highest",
          "wanted",
          "input",
          "index",
          "output",
          "is_constant",
          "is_known",
          "values",
          "real_values",
          "number",
          "real_number",
          "lower_case" ->
          BuiltIn.of(1, new Function(name));
      case "padded_places", "product_order", "window", "transposed_window", "check_scale" ->
          BuiltIn.of(2, new Function(name));
      default -> null;
    };
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
        case "lowest" -> lowest((DataType) a.get(0));
        case "highest" -> highest((DataType) a.get(0));
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
        case "padded_places" ->
            list(PaddedAxis.of(n.in())[(int) integer(a, 0)].sources((String) a.get(1)));
        case "slice_ranges" -> sliceRanges(n.in());
        case "attention_sizes" -> NodeSizes.ofAttention(n.in());
        case "resizing" -> NodeSizes.of(n.in(), "resizing");
        case "product_order" -> {
          Shape shape = n.shape(a.get(0));
          char operand = ((String) a.get(1)).charAt(0);
          int[] order = ProductOrder.of(n.attributes(), operand, shape.rank());
          yield list(Arrays.stream(order).asLongStream().toArray());
        }
        case "window" -> byName(window(n, a));
        case "transposed_window" -> {
          TransposedWindow transposed =
              TransposedWindow.of(n.attributes(), n.shape(a.get(0)), dims(a.get(1)));
          Map<String, Object> all = byName(transposed.window());
          all.put("output", list(transposed.output().dims()));
          yield all;
        }
        case "check_scale" -> {
          Quantization.requireScale(n.in(), input(a, 0), (boolean) a.get(1));
          yield Value.NONE;
        }
        default -> throw new IllegalArgumentException(name);
      };
    }
  }

  private static Map<String, Object> byName(Window window) {
    Map<String, Object> all = new HashMap<>();
    all.put("kernel", list(window.kernel()));
    all.put("stride", list(window.stride()));
    all.put("dilation", list(window.dilation()));
    all.put("begin", list(window.padBegin()));
    all.put("end", list(window.padEnd()));
    return all;
  }

  private static boolean isSigned(DataType type) {
    return type.name().startsWith("INT");
  }

  private static long highest(DataType type) {
    int bits = isSigned(type) ? type.bits() - 1 : Math.min(63, type.bits());
    return type == DataType.BOOL ? 1 : bits == 63 ? Long.MAX_VALUE : (1L << bits) - 1;
  }

  private static long lowest(DataType type) {
    return isSigned(type) ? -highest(type) - 1 : 0;
  }

  private static List<Map<String, Object>> sliceRanges(Operands in) {
    Shape shape = in.shape(0);
    SliceRange[] ranges = SliceRange.of(in);
    return IntStream.range(0, ranges.length)
        .mapToObj(axis -> sliceRange(ranges[axis], shape.dim(axis)))
        .toList();
  }

  private static Map<String, Object> sliceRange(SliceRange range, long size) {
    long start = range.start();
    long step = range.step();
    return Map.of(
        "start", start,
        "step", step,
        "count", range.count(),
        "end", Math.min(start + range.count() * step, size),
        "places",
            LongStream.range(0, step < 0 ? range.count() : 0)
                .mapToObj(i -> start + i * step)
                .toList());
  }

  /** The window that the node's attributes describe. */
  static Window window(NodeHost node, List<Object> arguments) {
    return Window.of(node.attributes(), node.shape(arguments.get(0)), dims(arguments.get(1)));
  }

  /** Which input of the node an argument is. */
  public static int input(List<Object> arguments, int index) {
    return ((Value) arguments.get(index)).input();
  }
}
