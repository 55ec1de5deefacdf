package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.Window;
import java.util.List;
import java.util.Map;

/** Operators that sample pictures: grids, regions, crops and windows put back. */
final class SamplingShapes {
  private SamplingShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("GridSample", SamplingShapes::gridSample);
    rules.put("AffineGrid", SamplingShapes::affineGrid);
    rules.put("RoiAlign", in -> List.of(regions(in, "output_height", "output_width", 1)));
    rules.put("MaxRoiPool", SamplingShapes::maxRoiPool);
    rules.put("MaxUnpool", SamplingShapes::maxUnpool);
    rules.put("Col2Im", SamplingShapes::col2Im);
    rules.put("CenterCropPad", SamplingShapes::centerCropPad);
  }

  private static List<TensorType> gridSample(Operands in) {
    Shape x = in.shape(0);
    Shape grid = in.shape(1);
    if (x.rank() < 3 || grid.rank() != x.rank() || grid.dim(-1) != x.rank() - 2) {
      throw new ModelException("the grid " + grid + " does not fit the input " + x);
    }
    return List.of(in.type(0).withShape(x.slice(0, 2).concat(grid.slice(1, grid.rank() - 1))));
  }

  private static List<TensorType> affineGrid(Operands in) {
    long[] size = in.requireValue(1).toLongs();
    Shape shape = Shape.of(size);
    return List.of(
        in.type(0)
            .withShape(
                Shape.of(shape.dim(0))
                    .concat(shape.slice(2, shape.rank()))
                    .concat(Shape.of(shape.rank() - 2L))));
  }

  private static TensorType regions(Operands in, String height, String width, long absent) {
    Shape x = in.shape(0);
    long rows = in.attributes().integer(height, absent);
    long columns = in.attributes().integer(width, absent);
    return in.type(0).withShape(Shape.of(in.shape(1).dim(0), x.dim(1), rows, columns));
  }

  private static List<TensorType> maxRoiPool(Operands in) {
    long[] pooled = in.attributes().integers("pooled_shape", new long[0]);
    if (pooled.length != 2) {
      throw new ModelException("the attribute 'pooled_shape' needs 2 values");
    }
    Shape out = Shape.of(in.shape(1).dim(0), in.shape(0).dim(1), pooled[0], pooled[1]);
    return List.of(in.type(0).withShape(out));
  }

  private static List<TensorType> maxUnpool(Operands in) {
    if (in.has(2)) {
      return List.of(in.type(0).withShape(Shape.of(in.requireValue(2).toLongs())));
    }
    Shape x = in.shape(0);
    Window window =
        Window.of(in.attributes(), x, in.attributes().integers("kernel_shape", new long[0]));
    long[] dims = x.dims();
    for (int i = 0; i < window.axes(); i++) {
      dims[i + 2] =
          Sizes.multiply(x.dim(i + 2) - 1, window.stride()[i])
              - window.padBegin()[i]
              - window.padEnd()[i]
              + window.kernel()[i];
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }

  private static List<TensorType> col2Im(Operands in) {
    long[] image = in.requireValue(1).toLongs();
    long block = Math.max(1, Sizes.product(in.requireValue(2).toLongs()));
    Shape x = in.shape(0);
    return List.of(
        in.type(0).withShape(Shape.of(x.dim(0), x.dim(1) / block).concat(Shape.of(image))));
  }

  private static List<TensorType> centerCropPad(Operands in) {
    long[] sizes = in.requireValue(1).toLongs();
    long[] dims = in.shape(0).dims();
    long[] axes = in.attributes().integers("axes").orElse(null);
    for (int i = 0; i < sizes.length; i++) {
      dims[in.shape(0).axis(axes == null ? i : axes[Math.min(i, axes.length - 1)])] = sizes[i];
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }
}
