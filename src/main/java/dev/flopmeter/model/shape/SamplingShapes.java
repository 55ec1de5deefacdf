package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.Window;
import java.util.List;
import java.util.Map;

/**
 * Operators that sample: grids, regions, crops and windows of pictures, windows, filters and
 * transforms of signals.
 */
final class SamplingShapes {
  private SamplingShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("GridSample", SamplingShapes::gridSample);
    rules.put("AffineGrid", SamplingShapes::affineGrid);
    rules.put("RoiAlign", SamplingShapes::roiAlign);
    rules.put("MaxRoiPool", SamplingShapes::maxRoiPool);
    rules.put("MaxUnpool", SamplingShapes::maxUnpool);
    rules.put("Col2Im", SamplingShapes::col2Im);
    rules.put("CenterCropPad", SamplingShapes::centerCropPad);
    for (String op : List.of("BlackmanWindow", "HammingWindow", "HannWindow")) {
      rules.put(op, in -> List.of(asked(in, in.requireValue(0).longAt(0))));
    }
    rules.put(
        "MelWeightMatrix",
        in ->
            List.of(asked(in, in.requireValue(1).longAt(0) / 2 + 1, in.requireValue(0).longAt(0))));
    rules.put("DFT", SamplingShapes::dft);
    rules.put("STFT", SamplingShapes::stft);
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

  private static List<TensorType> roiAlign(Operands in) {
    long rows = in.attributes().integer("output_height", 1);
    long columns = in.attributes().integer("output_width", 1);
    Shape out = Shape.of(in.shape(1).dim(0), in.shape(0).dim(1), rows, columns);
    return List.of(in.type(0).withShape(out));
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

  private static TensorType asked(Operands in, long... dims) {
    long code = in.attributes().integer("output_datatype", DataType.FLOAT.code());
    return TensorType.of(DataType.ofCode(code), dims);
  }

  private static List<TensorType> dft(Operands in) {
    Shape x = in.shape(0);
    long asked =
        in.opset() >= 20
            ? (in.has(2) ? in.requireValue(2).longAt(0) : -2)
            : in.attributes().integer("axis", 1);
    int axis = x.axis(asked);
    boolean isOnesided = in.attributes().flag("onesided", false);
    boolean isRealAgain = isOnesided && in.attributes().flag("inverse", false);
    long implied = isRealAgain ? Sizes.multiply(2, x.dim(axis) - 1) : x.dim(axis);
    Shape out = x.with(axis, in.has(1) ? in.requireValue(1).longAt(0) : implied);
    if (isRealAgain) {
      return List.of(in.type(0).withShape(out.with(x.rank() - 1, 1)));
    }
    if (isOnesided) {
      out = out.with(axis, out.dim(axis) / 2 + 1);
    }
    return List.of(in.type(0).withShape(out.with(x.rank() - 1, 2)));
  }

  private static List<TensorType> stft(Operands in) {
    Shape signal = in.shape(0);
    long step = in.requireValue(1).longAt(0);
    long frame = in.has(3) ? in.requireValue(3).longAt(0) : in.shape(2).elements();
    if (step < 1 || frame < 1 || frame > signal.dim(1)) {
      throw new ModelException("frames of " + frame + " do not fit the signal " + signal);
    }
    long frames = (signal.dim(1) - frame) / step + 1;
    long bins = in.attributes().flag("onesided", true) ? frame / 2 + 1 : frame;
    return List.of(in.type(0).withShape(Shape.of(signal.dim(0), frames, bins, 2)));
  }
}
