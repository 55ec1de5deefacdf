package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.ResizeTaps;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * {@code Resize}, {@code Upsample} and {@code GridSample}: interpolation along up to three axes.
 */
final class Resizing {
  private static final int AXES = 3;

  private Resizing() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Resize", Resizing::resize);
    operators.put("Upsample", Resizing::resize);
    operators.put("GridSample", Resizing::gridSample);
  }

  private static void gridSample(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView grid = node.plain(1);
    int axes = x.rank() - 2;
    int mode =
        switch (node.attributes().text("mode", "linear")) {
          case "bilinear", "linear" -> 0;
          case "nearest" -> 1;
          case "bicubic", "cubic" -> 2;
          default -> throw node.unsupported("this mode");
        };
    if (axes < 2 || axes > AXES || (mode == 2 && axes != 2)) {
      throw node.unsupported("sampling " + axes + " axes in this mode");
    }
    int[] in = new int[AXES];
    Arrays.fill(in, 1);
    for (int i = 0; i < axes; i++) {
      in[AXES - axes + i] = Math.toIntExact(x.dim(i + 2));
    }
    TensorView y = node.out(0);
    node.launch(
        "grid_sample",
        y,
        new Arguments()
            .pointers(x, grid, y)
            .numbers(y.elements(), y.shape().elements(2, y.rank()))
            .integers(in)
            .integer(x.dim(1))
            .integers(axes, mode, padding(node))
            .integer(node.attributes().integer("align_corners", 0))
            .types(x)
            .integer(0));
  }

  /** The numbers of {@code sample.c}. */
  private static int padding(NodePlan node) {
    return switch (node.attributes().text("padding_mode", "zeros")) {
      case "zeros" -> 0;
      case "border" -> 1;
      case "reflection" -> 2;
      default -> throw node.unsupported("this padding_mode");
    };
  }

  private static void resize(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    int rank = x.rank();
    List<Optional<ResizeTaps>> tables =
        IntStream.range(0, rank).mapToObj(axis -> ResizeTaps.of(node.operands(), axis)).toList();
    // Axes in front that stay as they are need no taps; the last three may change.
    int still = 0;
    while (still < rank && tables.get(still).isEmpty()) {
      still++;
    }
    if (rank - still > AXES) {
      throw node.unsupported("resizing more than the last three axes");
    }
    int first = Math.max(0, rank - AXES);
    int[] in = new int[AXES];
    int[] out = new int[AXES];
    int[] taps = new int[AXES];
    TensorView[] index = new TensorView[AXES];
    TensorView[] weight = new TensorView[AXES];
    for (int i = 0; i < AXES; i++) {
      int axis = first + i - (AXES - (rank - first));
      ResizeTaps table;
      if (axis < first) {
        table = ResizeTaps.identity(1);
        in[i] = 1;
        out[i] = 1;
      } else {
        in[i] = Math.toIntExact(x.dim(axis));
        out[i] = Math.toIntExact(y.dim(axis));
        table = tables.get(axis).orElse(ResizeTaps.identity(in[i]));
      }
      taps[i] = table.taps();
      index[i] =
          node.constant(
              "index" + i,
              Shape.of(table.index().length),
              ElementType.I64,
              to -> Arrays.stream(table.index()).forEach(to::accept));
      weight[i] =
          node.constant(
              "weight" + i,
              Shape.of(table.weight().length),
              ElementType.F32,
              to -> Arrays.stream(table.weight()).forEach(to));
    }
    Arguments arguments = new Arguments().pointer(x).pointer(y);
    Arrays.stream(index).forEach(arguments::pointer);
    Arrays.stream(weight).forEach(arguments::pointer);
    node.launch(
        "resize",
        y,
        arguments
            .number(y.elements())
            .integers(in)
            .integers(out)
            .integers(taps)
            .types(x)
            .real(node.attributes().number("extrapolation_value", 0))
            .integer(0));
  }
}
