package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.shape.ResizeTaps;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * {@code Resize}, {@code Upsample}, {@code GridSample} and {@code RoiAlign}: interpolation along up
 * to three axes.
 */
final class Resizing {
  private static final int AXES = 3;

  private Resizing() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Resize", Resizing::resize);
    operators.put("Upsample", Resizing::resize);
    operators.put("GridSample", Resizing::gridSample);
    operators.put("RoiAlign", Resizing::roiAlign);
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
    TensorView y = node.out(0);
    node.launch(
        "grid_sample",
        y,
        new Arguments()
            .pointers(x, grid, y)
            .numbers(y.elements(), y.shape().elements(2, y.rank()))
            .led(AXES, 1, x.shape().slice(2, x.rank()).dims())
            .integer(x.dim(1))
            .integers(axes, mode, padding(node))
            .integer(node.attributes().integer("align_corners", 0))
            .types(x));
  }

  private static void roiAlign(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView boxes = node.plain(1);
    TensorView images = node.plain(2);
    TensorView y = node.out(0);
    boolean isShifted =
        node.node().opset() >= 16
            && node.attributes()
                .text("coordinate_transformation_mode", "half_pixel")
                .equals("half_pixel");
    node.launch(
        "roi_align",
        y,
        new Arguments()
            .pointers(x, boxes, images, y)
            .number(y.elements())
            .integers((int) x.dim(1), (int) x.dim(2), (int) x.dim(3))
            .integers((int) y.dim(2), (int) y.dim(3))
            .integer(node.attributes().integer("sampling_ratio", 0))
            .integer(node.attributes().text("mode", "avg").equals("max") ? 1 : 0)
            .integer(isShifted ? 1 : 0)
            .types(x)
            .real(node.attributes().number("spatial_scale", 1)));
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
    long[] taps = new long[AXES];
    TensorView[] index = new TensorView[AXES];
    TensorView[] weight = new TensorView[AXES];
    for (int i = 0; i < AXES; i++) {
      int axis = rank - AXES + i;
      ResizeTaps table =
          axis < 0
              ? ResizeTaps.identity(1)
              : tables.get(axis).orElseGet(() -> ResizeTaps.identity(x.dim(axis)));
      taps[i] = table.taps();
      index[i] =
          node.constant(
              "index" + i, table.index().length, ElementType.I64, at -> table.index()[(int) at]);
      weight[i] =
          node.constant(
              "weight" + i, table.weight().length, ElementType.F32, at -> table.weight()[(int) at]);
    }
    int first = Math.max(0, rank - AXES);
    node.launch(
        "resize",
        y,
        new Arguments()
            .pointers(x, y)
            .pointers(index)
            .pointers(weight)
            .number(y.elements())
            .led(AXES, 1, x.shape().slice(first, rank).dims())
            .led(AXES, 1, y.shape().slice(first, rank).dims())
            .led(AXES, 1, taps)
            .types(x)
            .real(node.attributes().number("extrapolation_value", 0)));
  }
}
