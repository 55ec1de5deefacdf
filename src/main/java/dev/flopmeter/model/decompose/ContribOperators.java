package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.shape.ProductOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Further operators of the domain {@code com.microsoft} (source: ContribOperators.md, and the
 * schemas of ONNX Runtime).
 */
final class ContribOperators {
  private ContribOperators() {}

  private static final String DOMAIN = "com.microsoft:";

  static void addTo(BodyTable table) {
    addImageOperators(table);
    addBiasOperators(table);
    addRenamed(table);
    addNormalisations(table);
    table.put("CDist", b -> cdist(b));
    table.put("UnfoldTensor", ContribOperators::unfolded);
    table.put("IsAllFinite", ContribOperators::isAllFinite);
    table.putAll(
        "Unique",
        b -> {
          List<String> found = b.add(4, "Unique", Attributes.of("sorted", 0L), b.input(0));
          return List.of(found.get(0), found.get(2), found.get(3));
        });
  }

  private static void addImageOperators(BodyTable table) {
    table.put("GroupNorm", b -> groupNormalized(b, first(b, b.input(0))));
    table.putAll("SkipGroupNorm", ContribOperators::skipGroupNorm);
    table.put(
        "GridSample",
        b -> {
          String mode = b.text("mode", "bilinear").replaceFirst("^bi", "");
          return b.as("GridSample", b.attributes().with("mode", mode));
        });
    table.put("CropAndResize", ContribOperators::cropAndResize);
    table.put(
        "ConvTransposeWithDynamicPads",
        b -> {
          Attributes attributes =
              b.has(2) ? b.attributes().with("pads", b.in().requireLongs(2)) : b.attributes();
          return b.add("ConvTranspose", attributes, b.input(0), b.input(1), b.input(3));
        });
  }

  private static void addBiasOperators(BodyTable table) {
    table.put("BiasAdd", b -> b.plus(b.plus(b.input(0), b.input(1)), b.input(2)));
    table.put(
        "BiasSplitGelu",
        b -> {
          String sum = b.plus(b.input(0), b.input(1));
          if (b.shape(sum).dim(-1) % 2 != 0) {
            throw new ModelException(
                "the last axis of the input " + b.shape(0) + " cannot be split in two");
          }
          List<String> halves = b.split(2, -1, sum);
          return b.times(halves.get(0), b.add("Gelu", halves.get(1)));
        });
    table.putAll(
        "BiasDropout",
        b -> {
          String y = b.plusInput(b.plus(b.input(0), b.input(1)), 2);
          return b.in().hasOutput(1)
              ? List.of(y, b.add("Equal", b.input(0), b.input(0)))
              : List.of(y);
        });
    for (String op : List.of("BitmaskDropout", "SampleOp")) {
      table.put(op, b -> b.add("Identity", b.input(0)));
    }
    for (String op : List.of("MemcpyFromHost", "MemcpyToHost")) {
      table.of("").put(op, b -> b.add("Identity", b.input(0)));
    }
    table.put("BitmaskBiasDropout", b -> b.plusInput(b.plus(b.input(0), b.input(1)), 2));
    table.put(
        "BiasSoftmax",
        b -> flatSoftmax(b, b.plus(b.input(0), b.input(1)), b.shape(0).axis(b.integer("axis", 1))));
    table.put(
        "GemmFastGelu",
        b -> b.add(DOMAIN + "FastGelu", b.product(b.input(0), b.input(1)), b.input(2)));
    table.put("FusedMatMulActivation", b -> activated(b, b.as(DOMAIN + "FusedMatMul")));
    table.put("FusedMatMul", ContribOperators::product);
    table.put("FusedGemm", b -> activated(b, b.as("Gemm", gemm(b))));
    table.put("Gelu", b -> b.add("Gelu", b.input(0)));
    table.put("BiasGelu", b -> b.add("Gelu", b.plus(b.input(0), b.input(1))));
    table.put(
        "FastGelu",
        b -> b.add("Gelu", Attributes.of("approximate", "tanh"), b.plusInput(b.input(0), 1)));
    table.put(
        "QuickGelu",
        b -> b.add("Swish", Attributes.of("alpha", b.number("alpha", 1.702f)), b.input(0)));
  }

  private static Attributes gemm(Body b) {
    return b.attributes(List.of("alpha", "beta", "transA", "transB"));
  }

  private static String product(Body b) {
    String product = b.product(ordered(b, 0, 'A'), ordered(b, 1, 'B'));
    float alpha = b.number("alpha", 1);
    return alpha == 1 ? product : b.times(product, b.numberAsInput(alpha));
  }

  private static String ordered(Body b, int input, char operand) {
    int[] order = ProductOrder.of(b.attributes(), operand, b.shape(input).rank());
    return b.transposed(b.input(input), IntStream.of(order).asLongStream().toArray());
  }

  private static void addNormalisations(BodyTable table) {
    table.putAll(
        "SkipLayerNormalization",
        b -> {
          String sum = b.plusInput(b.plus(b.input(0), b.input(1)), 4);
          int outputs = b.in().hasOutput(2) ? 3 : b.in().hasOutput(1) ? 2 : 1;
          List<String> results = new ArrayList<>(layerNormalised(b, outputs, sum, 2));
          while (results.size() < 4) { // outputs that nothing reads, then the sum
            results.add(sum);
          }
          return results;
        });
    table.putAll(
        "SkipSimplifiedLayerNormalization",
        b -> {
          String sum = b.plusInput(b.plus(b.input(0), b.input(1)), 3);
          String y = b.add("RMSNormalization", epsilon(b), sum, b.input(2));
          String factor = b.in().hasOutput(1) || b.in().hasOutput(2) ? inverseRoot(b, sum) : sum;
          return List.of(y, factor, factor, sum);
        });
    table.putAll("EmbedLayerNormalization", ContribOperators::embedded);
  }

  static Attributes epsilon(Body b) {
    return Attributes.of("epsilon", b.number("epsilon", 1e-12f));
  }

  private static List<String> layerNormalised(Body b, int outputs, String x, int scale) {
    return b.add(outputs, "LayerNormalization", epsilon(b), x, b.input(scale), b.input(scale + 1));
  }

  private static String inverseRoot(Body b, String x) {
    String mean = b.add("ReduceMean", b.times(x, x), b.longs(-1));
    String root = b.add("Sqrt", b.plus(mean, b.numberAsInput(b.number("epsilon", 1e-12f))));
    return b.add("Reciprocal", root);
  }

  /** Inputs: ids, segments, word, position and segment tables, gamma, beta, mask, positions. */
  private static List<String> embedded(Body b) {
    String positions =
        b.has(8)
            ? b.gather(b.input(3), 0, b.input(8))
            : b.slice(b.input(3), 0, 0, b.shape(0).dim(1));
    String sum = b.plus(b.gather(b.input(2), 0, b.input(0)), positions);
    if (b.has(1) && b.has(4)) {
      sum = b.plus(sum, b.gather(b.input(4), 0, b.input(1)));
    }
    String y = layerNormalised(b, 1, sum, 5).get(0);
    if (!b.in().hasOutput(1)) {
      return List.of(y, sum, sum);
    }
    String lengths =
        b.has(7)
            ? b.sum(b.cast(b.input(7), DataType.INT32), 1)
            : b.constant(FilledTensor.of(TensorType.of(DataType.INT32, b.shape(0).dim(0)), 0));
    return List.of(y, lengths, sum);
  }

  /** Operators that ONNX has under the same name, or that another one does as well. */
  private static void addRenamed(BodyTable table) {
    for (String op : List.of("GatherND", "Pad", "Trilu")) {
      table.put(op, b -> b.as(op));
    }
    table.put(
        "Range",
        b -> b.has(2) ? b.as("Range") : b.add("Range", b.input(0), b.input(1), b.numberAsInput(1)));
    table.put("ExpandDims", ContribOperators::expandDims);
    table.put("TorchEmbedding", b -> b.gather(b.input(0), 0, b.input(1)));
    table.put("TransposeMatMul", b -> b.as(DOMAIN + "FusedMatMul"));
  }

  /**
   * The softmax of ONNX's opset {@code opset}, an attribute: before 13 over all axes from {@code
   * axis} on.
   */
  static String softmax(Body b, String x, long absent) {
    long axis = b.integer("axis", absent);
    Shape shape = b.shape(x);
    if (b.integer("opset", 13) >= 13) {
      return b.add("Softmax", Attributes.of("axis", axis), x);
    }
    return flatSoftmax(b, x, axis == shape.rank() ? shape.rank() : shape.axis(axis));
  }

  private static String flatSoftmax(Body b, String x, int from) {
    Shape shape = b.shape(x);
    String rows = b.reshaped(x, shape.elements(0, from), shape.elements(from, shape.rank()));
    return b.reshaped(b.add("Softmax", rows), shape.dims());
  }

  /**
   * The activation that an operator names, if it does, with its {@code activation_params} or its
   * {@code activation_alpha} and the like.
   */
  static String activated(Body b, String x) {
    String activation = b.text("activation", "");
    float[] given = b.attributes().numbers("activation_params").orElse(new float[0]);
    if (activation.isEmpty()) {
      return x;
    }
    if (activation.equals("Clip") && given.length == 2) {
      return b.add("Clip", x, b.number(given[0]), b.number(given[1]));
    }
    if (activation.equals("Clip")) {
      throw new ModelException(
          "the attribute 'activation_params' of Clip needs 2 values, not " + given.length);
    }
    if (Decompositions.typeRule(activation).isEmpty()) {
      throw new ModelException("the attribute 'activation' is '" + activation + "'");
    }
    Attributes attributes = Attributes.NONE;
    List<String> names = List.of("alpha", "beta", "gamma");
    for (int i = 0; i < names.size(); i++) {
      String own = "activation_" + names.get(i);
      if (i < given.length || b.attributes().has(own)) {
        float value = i < given.length ? given[i] : b.attributes().number(own);
        attributes = attributes.with(names.get(i), value);
      }
    }
    if (b.attributes().has("activation_axis")) {
      attributes = attributes.with("axis", b.attributes().integer("activation_axis"));
    }
    return b.add(activation, attributes, x);
  }

  private static boolean isLast(Body b) {
    return b.flag("channels_last", true);
  }

  private static String first(Body b, String value) {
    return isLast(b) ? b.channelsFirst(value) : value;
  }

  /** {@code x} with channels as its second axis, normalised, in the layout of the input. */
  private static String groupNormalized(Body b, String x) {
    long groups = b.attributes().integer("groups");
    if (groups < 1 || b.shape(x).dim(1) % groups != 0) {
      throw new ModelException(
          "the attribute 'groups' = %s does not divide the channels of the input %s"
              .formatted(groups, b.shape(0)));
    }
    Attributes attributes =
        Attributes.of("num_groups", groups, "epsilon", b.number("epsilon", 1e-5f));
    String y = b.add("GroupNormalization", attributes, x, b.input(1), b.input(2));
    boolean isActivated = b.integer("activation", 0) == 1;
    String active = isActivated ? b.add("Swish", y) : y;
    return isLast(b) ? b.channelsLast(active) : active;
  }

  /** Inputs: x, gamma, beta, what is added (per picture and channel at least), its bias. */
  private static List<String> skipGroupNorm(Body b) {
    Shape shape = b.shape(0);
    Shape skip = b.shape(3);
    long channels = shape.dim(isLast(b) ? -1 : 1);
    long[] each = new long[shape.rank()];
    Arrays.fill(each, 1);
    each[0] = shape.dim(0);
    each[isLast(b) ? shape.rank() - 1 : 1] = channels;
    String added = skip.rank() == 2 ? b.reshaped(b.input(3), each) : b.input(3);
    String sum = b.plus(b.input(0), added);
    if (b.has(4)) {
      each[0] = 1;
      sum = b.plus(sum, b.reshaped(b.input(4), each));
    }
    return List.of(groupNormalized(b, first(b, sum)), sum);
  }

  private static String expandDims(Body b) {
    return b.add("Unsqueeze", b.input(0), b.reshaped(b.long64(b.input(1)), 1));
  }

  /** Distances of the rows of two matrices, as ONNX Runtime computes them: by one product. */
  private static String cdist(Body b) {
    String metric = b.text("metric", "sqeuclidean");
    if (!metric.equals("sqeuclidean") && !metric.equals("euclidean")) {
      throw new ModelException(
          "the attribute 'metric' is '" + metric + "', not euclidean or sqeuclidean");
    }
    String product = b.product(b.input(0), b.transposed(b.input(1), 1, 0));
    String left = squares(b, 0);
    String right = b.transposed(squares(b, 1), 1, 0);
    String sum = b.plus(b.plus(b.times(product, b.numberAsInput(-2)), left), right);
    String distance = b.add("Max", sum, b.numberAsInput(0));
    return metric.equals("euclidean") ? b.add("Sqrt", distance) : distance;
  }

  private static String squares(Body b, int input) {
    return b.add("ReduceSumSquare", b.input(input), b.longs(1));
  }

  /** Windows of {@code size} elements along an axis, as a new last axis. */
  private static String unfolded(Body b) {
    Shape shape = b.shape(0);
    int axis = shape.axis(b.integer("dim", -1));
    long size = b.attributes().integer("size");
    long step = b.integer("step", 1);
    if (size < 1 || step < 1 || size > shape.dim(axis)) {
      throw new ModelException(
          "the attributes 'size' = %s and 'step' = %s do not fit axis %s of the input %s"
              .formatted(size, step, axis, shape));
    }
    long windows = (shape.dim(axis) - size) / step + 1;
    long[] indices =
        LongStream.range(0, windows * size).map(i -> i / size * step + i % size).toArray();
    String table = b.reshaped(b.longs(indices), windows, size);
    String picked = b.gather(b.input(0), axis, table);
    return b.moved(picked, axis + 1, shape.rank());
  }

  private static String isAllFinite(Body b) {
    boolean asksInfinity = !b.flag("isnan_only", false);
    boolean asksNan = !b.flag("isinf_only", false);
    String found = "";
    for (int i = 0; i < b.in().inputCount(); i++) {
      String value = b.reshaped(b.input(i), b.shape(i).elements());
      if (asksInfinity) {
        String infinity = b.number(Double.POSITIVE_INFINITY);
        found = anyOf(b, found, b.add("Equal", b.add("Abs", value), infinity));
      }
      if (asksNan) {
        found = anyOf(b, found, b.add("Not", b.add("Equal", value, value)));
      }
    }
    if (found.isEmpty()) {
      throw new ModelException("the attributes 'isinf_only' and 'isnan_only' are both set");
    }
    return b.add("Not", b.cast(found, DataType.BOOL));
  }

  /** 1 if a flag is set here or was before; {@code before} is empty for the first. */
  private static String anyOf(Body b, String before, String flags) {
    String numbers = b.cast(flags, DataType.INT32);
    String any = b.add("ReduceMax", Attributes.of("keepdims", 0), numbers);
    return before.isEmpty() ? any : b.add("Max", before, any);
  }

  /**
   * Inputs: pictures, boxes of y, x, y, x in parts of a picture's size, the picture of each, the
   * size of a crop. Places outside of a picture have a value of their own.
   */
  private static String cropAndResize(Body b) {
    long[] size = b.in().requireLongs(3);
    Shape x = b.shape(0);
    Shape boxes = b.shape(1);
    if (size.length != 2 || x.rank() != 4 || boxes.rank() != 2 || boxes.dim(1) != 4) {
      throw new ModelException(
          "the boxes %s and a crop of %s do not fit the input %s"
              .formatted(boxes, Arrays.toString(size), x));
    }
    String mode = b.text("mode", "bilinear");
    List<String> places = new ArrayList<>();
    List<String> inside = new ArrayList<>();
    for (int axis = 1; axis >= 0; axis--) { // a grid holds x, then y
      String place = places(b, axis, size[axis], axis == 0);
      places.add(place);
      inside.add(b.add("LessOrEqual", b.add("Abs", place), b.number(1)));
    }
    String[] wide = new String[2];
    Shape whole = Shape.of(boxes.dim(0), size[0], size[1], 1);
    for (int i = 0; i < 2; i++) {
      wide[i] = b.add("Expand", places.get(i), b.longs(whole.dims()));
    }
    String grid = b.concat(-1, wide);
    String pictures = b.gather(b.input(0), 0, b.input(2));
    Attributes sampling =
        Attributes.of(
            "mode",
            mode.equals("bilinear") ? "linear" : mode,
            "padding_mode",
            "border",
            "align_corners",
            1L);
    String sampled = b.add("GridSample", sampling, pictures, grid);
    String kept = b.add("And", inside.get(0), inside.get(1));
    return b.where(
        b.transposed(kept, 0, 3, 1, 2), sampled, b.number(b.number("extrapolation_value", 0)));
  }

  /** Where the crops' places along an axis (0: y) are: -1 to 1 over the picture. */
  private static String places(Body b, int axis, long count, boolean isHeight) {
    Attributes along = Attributes.of("axis", 1L);
    String start = b.add("Gather", along, b.input(1), b.longs(axis));
    String end = b.add("Gather", along, b.input(1), b.longs(axis + 2L));
    float[] parts = new float[(int) count];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = count == 1 ? 0.5f : i / (float) (count - 1);
    }
    String offsets = b.constant(Tensor.ofFloats(Shape.of(1, count), parts));
    String at = b.plus(start, b.times(b.minus(end, start), offsets));
    String unit = b.minus(b.times(at, b.number(2)), b.number(1));
    long boxes = b.shape(1).dim(0);
    return isHeight ? b.reshaped(unit, boxes, count, 1, 1) : b.reshaped(unit, boxes, 1, count, 1);
  }
}
