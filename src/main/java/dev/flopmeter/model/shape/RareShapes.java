package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.Window;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators met in few models: sampling, signals, regions, and those whose shape is data. */
final class RareShapes {
  /** Elements of a known value that are looked through at load. */
  private static final long MOST_SEARCHED = 1 << 16;

  private RareShapes() {}

  /** Only a run tells how large these get, or they hold no tensors. */
  private static final List<String> DATA_DECIDES =
      List.of(
          "Compress",
          "ConcatFromSequence",
          "ImageDecoder",
          "NonMaxSuppression",
          "Optional",
          "SequenceAt",
          "SequenceConstruct",
          "SequenceEmpty",
          "SequenceErase",
          "SequenceInsert",
          "SplitToSequence",
          "StringNormalizer",
          "StringSplit",
          "Unique");

  static void addTo(Map<String, ShapeRule> rules) {
    ShapeRule dataDecides =
        in -> {
          throw new DataDependentException(in.node().op());
        };
    DATA_DECIDES.forEach(op -> rules.put(op, dataDecides));
    rules.put("NonZero", RareShapes::nonZero);
    rules.put("TensorScatter", in -> List.of(in.type(0)));
    rules.put("OptionalGetElement", in -> List.of(in.type(0)));
    rules.put("OptionalHasElement", in -> List.of(new TensorType(DataType.BOOL, Shape.SCALAR)));
    rules.put("SequenceLength", in -> List.of(new TensorType(DataType.INT64, Shape.SCALAR)));
    rules.put("TfIdfVectorizer", RareShapes::tfIdf);
    rules.put(
        "StringConcat", in -> List.of(in.type(0).withShape(in.shape(0).broadcast(in.shape(1)))));
    rules.put("RegexFullMatch", in -> List.of(in.type(0).withType(DataType.BOOL)));
    rules.put(
        "BitCast",
        in -> List.of(in.type(0).withType(DataType.ofCode(in.attributes().integer("to")))));
    rules.put("GridSample", RareShapes::gridSample);
    rules.put("AffineGrid", RareShapes::affineGrid);
    rules.put("RoiAlign", in -> List.of(regions(in, "output_height", "output_width", 1)));
    rules.put("MaxRoiPool", RareShapes::maxRoiPool);
    rules.put("MaxUnpool", RareShapes::maxUnpool);
    rules.put("DeformConv", in -> List.of(WindowShapes.convolution(in, 0, 1)));
    rules.put("Col2Im", RareShapes::col2Im);
    rules.put("CenterCropPad", RareShapes::centerCropPad);
    rules.put("Det", in -> List.of(in.type(0).withShape(in.shape(0).slice(0, matrixRank(in)))));
    rules.put("Multinomial", RareShapes::multinomial);
    for (String op : List.of("BlackmanWindow", "HammingWindow", "HannWindow")) {
      rules.put(op, in -> List.of(asked(in, "output_datatype", in.requireValue(0).longAt(0))));
    }
    rules.put(
        "MelWeightMatrix",
        in ->
            List.of(
                asked(
                    in,
                    "output_datatype",
                    in.requireValue(1).longAt(0) / 2 + 1,
                    in.requireValue(0).longAt(0))));
    rules.put("DFT", RareShapes::dft);
    rules.put("STFT", RareShapes::stft);
  }

  /** One weight for each place that the attribute {@code ngram_indexes} names. */
  private static List<TensorType> tfIdf(Operands in) {
    Shape shape = in.shape(0);
    long last = Arrays.stream(in.attributes().integers("ngram_indexes", -1)).max().orElse(-1);
    if (shape.rank() < 1 || shape.rank() > 2 || last < 0) {
      throw new ModelException(
          "the input " + shape + " or the attribute 'ngram_indexes' is not of TfIdfVectorizer's");
    }
    Shape rows = shape.slice(0, shape.rank() - 1);
    return List.of(new TensorType(DataType.FLOAT, rows.concat(Shape.of(Sizes.add(last, 1)))));
  }

  private static int matrixRank(Operands in) {
    Shape shape = in.shape(0);
    if (shape.rank() < 2 || shape.dim(-1) != shape.dim(-2)) {
      throw new ModelException("a determinant needs square matrices, not " + shape);
    }
    return shape.rank() - 2;
  }

  /** One column for each element that is not 0: known where the elements are. */
  private static List<TensorType> nonZero(Operands in) {
    Tensor value = in.requireValue(0);
    if (value.elements() > MOST_SEARCHED || value.shape().rank() == 0) {
      throw new DataDependentException(in.node().op());
    }
    long found = 0;
    for (int i = 0; i < value.elements(); i++) {
      found += value.doubleAt(i) != 0 ? 1 : 0;
    }
    return List.of(TensorType.of(DataType.INT64, value.shape().rank(), found));
  }

  private static TensorType asked(Operands in, String attribute, long... dims) {
    long code = in.attributes().integer(attribute, DataType.FLOAT.code());
    return TensorType.of(DataType.ofCode(code), dims);
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

  private static List<TensorType> multinomial(Operands in) {
    long code = in.attributes().integer("dtype", DataType.INT32.code());
    long samples = in.attributes().integer("sample_size", 1);
    return List.of(TensorType.of(DataType.ofCode(code), in.shape(0).dim(0), samples));
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
