package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Further operators of the domain {@code com.microsoft} (source: ContribOperators.md, and the
 * schemas of ONNX Runtime).
 */
final class ContribOperators {
  private ContribOperators() {}

  private static final String DOMAIN = "com.microsoft:";

  static void addTo(Map<String, Decomposition> all) {
    addImageOperators(all);
    addBiasOperators(all);
    addRenamed(all);
    put(all, "CDist", "MACs out x k; 2 k for each row's own square; 3 to 4 x out", b -> cdist(b));
    put(all, "UnfoldTensor", "0: moves data", ContribOperators::unfolded);
    put(all, "IsAllFinite", "0: asks about data", ContribOperators::isAllFinite);
    all.put(
        DOMAIN + "Unique",
        new Decomposition(
            "in: at least one comparison",
            b -> {
              List<String> found = b.add(4, "Unique", Attributes.of("sorted", 0L), b.input(0));
              return List.of(found.get(0), found.get(2), found.get(3));
            }));
  }

  private static void put(
      Map<String, Decomposition> all, String op, String text, Decomposition.OneOutput writer) {
    all.put(DOMAIN + op, Decomposition.of(text, writer));
  }

  private static void addImageOperators(Map<String, Decomposition> all) {
    put(
        all,
        "GroupNorm",
        "as GroupNormalization; + 5 x out where the activation is SiLU",
        b -> groupNormalized(b, first(b, b.input(0))));
    all.put(
        DOMAIN + "SkipGroupNorm",
        new Decomposition(
            "in to add, + in for a bias, then as GroupNorm", ContribOperators::skipGroupNorm));
    put(
        all,
        "GridSample",
        "as GridSample",
        b -> {
          String mode = b.attributes().text("mode", "bilinear").replaceFirst("^bi", "");
          return b.add("GridSample", b.attributes().with("mode", mode), b.input(0), b.input(1));
        });
    put(
        all,
        "CropAndResize",
        "as GridSample, + 2 per sampled place to keep it within the picture",
        ContribOperators::cropAndResize);
    put(
        all,
        "ConvTransposeWithDynamicPads",
        "as ConvTranspose",
        b -> {
          Attributes attributes =
              b.has(2) ? b.attributes().with("pads", b.in().requireLongs(2)) : b.attributes();
          return b.add("ConvTranspose", attributes, b.input(0), b.input(1), b.input(3));
        });
  }

  private static void addBiasOperators(Map<String, Decomposition> all) {
    put(
        all,
        "BiasAdd",
        "2 x out: two additions",
        b -> b.add("Add", b.add("Add", b.input(0), b.input(1)), b.input(2)));
    put(
        all,
        "BiasSplitGelu",
        "2 x out to add, as Gelu, + out to multiply",
        b -> {
          String sum = b.add("Add", b.input(0), b.input(1));
          if (b.shape(sum).dim(-1) % 2 != 0) {
            throw new ModelException(
                "the last axis of the input " + b.shape(0) + " cannot be split in two");
          }
          Attributes split = Attributes.of("axis", -1L, "num_outputs", 2L);
          List<String> halves = b.add(2, "Split", split, sum);
          return b.add("Mul", halves.get(0), b.add("Gelu", halves.get(1)));
        });
    all.put(
        DOMAIN + "BiasDropout",
        new Decomposition(
            "out to add the bias, + out for a residual; nothing is dropped",
            b -> {
              String sum = b.add("Add", b.input(0), b.input(1));
              String y = b.has(2) ? b.add("Add", sum, b.input(2)) : sum;
              return b.in().hasOutput(1)
                  ? List.of(y, b.add("Equal", b.input(0), b.input(0)))
                  : List.of(y);
            }));
    for (String op :
        List.of(DOMAIN + "BitmaskDropout", DOMAIN + "SampleOp", "MemcpyFromHost", "MemcpyToHost")) {
      all.put(op, Decomposition.of("0: passes its input on", b -> b.add("Identity", b.input(0))));
    }
    put(
        all,
        "BitmaskBiasDropout",
        "out to add the bias, + out for a residual; nothing is dropped",
        b -> {
          String sum = b.add("Add", b.input(0), b.input(1));
          return b.has(2) ? b.add("Add", sum, b.input(2)) : sum;
        });
    put(
        all,
        "BiasSoftmax",
        "out to add, then as Softmax",
        b -> {
          int axis = b.shape(0).axis(b.attributes().integer("axis", 1));
          String sum = b.add("Add", b.input(0), b.input(1));
          Shape shape = b.shape(sum);
          String rows =
              b.reshaped(sum, shape.elements(0, axis), shape.elements(axis, shape.rank()));
          return b.reshaped(b.add("Softmax", rows), shape.dims());
        });
    put(
        all,
        "GemmFastGelu",
        "as MatMul, then as FastGelu",
        b -> b.add(DOMAIN + "FastGelu", b.add("MatMul", b.input(0), b.input(1)), b.input(2)));
    put(
        all,
        "FusedMatMulActivation",
        "as FusedMatMul, then its activation",
        b -> {
          String product = b.add(DOMAIN + "FusedMatMul", b.attributes(), b.input(0), b.input(1));
          return activated(b, product);
        });
  }

  /** Operators that ONNX has under the same name, or that another one does as well. */
  private static void addRenamed(Map<String, Decomposition> all) {
    for (String op : List.of("GatherND", "Pad", "Trilu")) {
      put(all, op, "as " + op, b -> b.add(op, b.attributes(), b.input(0), b.input(1), b.input(2)));
    }
    put(
        all,
        "Range",
        "as Range",
        b ->
            b.add(
                "Range",
                b.input(0),
                b.input(1),
                b.has(2)
                    ? b.input(2)
                    : b.add(
                        "Cast",
                        Attributes.of("to", (long) b.in().type(0).type().code()),
                        b.number(1))));
    put(all, "ExpandDims", "0: another view", ContribOperators::expandDims);
    put(all, "TorchEmbedding", "0: moves data", b -> b.add("Gather", b.input(0), b.input(1)));
    put(
        all,
        "TransposeMatMul",
        "as FusedMatMul",
        b -> b.add(DOMAIN + "FusedMatMul", b.attributes(), b.input(0), b.input(1)));
  }

  /**
   * The softmax of ONNX's opset {@code opset}, an attribute: before 13 over all axes from {@code
   * axis} on.
   */
  static String softmax(Body b, String x, long absent) {
    long axis = b.attributes().integer("axis", absent);
    Shape shape = b.shape(x);
    if (b.attributes().integer("opset", 13) >= 13) {
      return b.add("Softmax", Attributes.of("axis", axis), x);
    }
    int from = axis == shape.rank() ? shape.rank() : shape.axis(axis);
    String rows = b.reshaped(x, shape.elements(0, from), shape.elements(from, shape.rank()));
    return b.reshaped(b.add("Softmax", rows), shape.dims());
  }

  /** The activation that an operator names, with its {@code activation_alpha} and the like. */
  private static String activated(Body b, String x) {
    Attributes attributes = Attributes.NONE;
    for (String name : List.of("alpha", "beta", "gamma")) {
      if (b.attributes().has("activation_" + name)) {
        attributes = attributes.with(name, b.attributes().number("activation_" + name));
      }
    }
    if (b.attributes().has("activation_axis")) {
      attributes = attributes.with("axis", b.attributes().integer("activation_axis"));
    }
    String activation = b.attributes().text("activation");
    if (Decompositions.typeRule(activation).isEmpty()) {
      throw new ModelException("the attribute 'activation' is '" + activation + "'");
    }
    return b.add(activation, attributes, x);
  }

  private static boolean isLast(Body b) {
    return b.attributes().flag("channels_last", true);
  }

  private static String first(Body b, String value) {
    return isLast(b) ? b.channelsFirst(value) : value;
  }

  /** {@code x} with channels as its second axis, normalised, in the layout of the input. */
  private static String groupNormalized(Body b, String x) {
    long groups = b.attributes().integer("groups");
    if (groups < 1 || b.shape(x).dim(1) % groups != 0) {
      throw new ModelException(
          "the attribute 'groups' = "
              + groups
              + " does not divide the channels of the input "
              + b.shape(0));
    }
    Attributes attributes =
        Attributes.of("num_groups", groups, "epsilon", b.attributes().number("epsilon", 1e-5f));
    String y = b.add("GroupNormalization", attributes, x, b.input(1), b.input(2));
    boolean isActivated = b.attributes().integer("activation", 0) == 1;
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
    String sum = b.add("Add", b.input(0), added);
    if (b.has(4)) {
      each[0] = 1;
      sum = b.add("Add", sum, b.reshaped(b.input(4), each));
    }
    return List.of(groupNormalized(b, first(b, sum)), sum);
  }

  private static String expandDims(Body b) {
    String axis = b.add("Cast", Attributes.of("to", (long) DataType.INT64.code()), b.input(1));
    return b.add("Unsqueeze", b.input(0), b.reshaped(axis, 1));
  }

  /** Distances of the rows of two matrices, as ONNX Runtime computes them: by one product. */
  private static String cdist(Body b) {
    String metric = b.attributes().text("metric", "sqeuclidean");
    if (!metric.equals("sqeuclidean") && !metric.equals("euclidean")) {
      throw new ModelException(
          "the attribute 'metric' is '" + metric + "', not euclidean or sqeuclidean");
    }
    String product = b.add("MatMul", b.input(0), b.transposed(b.input(1), 1, 0));
    String minusTwo = b.add("Cast", cast(b), b.number(-2));
    String zero = b.add("Cast", cast(b), b.number(0));
    String left = squares(b, 0);
    String right = b.transposed(squares(b, 1), 1, 0);
    String sum = b.add("Add", b.add("Add", b.add("Mul", product, minusTwo), left), right);
    String distance = b.add("Max", sum, zero);
    return metric.equals("euclidean") ? b.add("Sqrt", distance) : distance;
  }

  private static Attributes cast(Body b) {
    return Attributes.of("to", (long) b.in().type(0).type().code());
  }

  private static String squares(Body b, int input) {
    return b.add("ReduceSumSquare", b.input(input), b.longs(1));
  }

  /** Windows of {@code size} elements along an axis, as a new last axis. */
  private static String unfolded(Body b) {
    Shape shape = b.shape(0);
    int axis = shape.axis(b.attributes().integer("dim", -1));
    long size = b.attributes().integer("size");
    long step = b.attributes().integer("step", 1);
    if (size < 1 || step < 1 || size > shape.dim(axis)) {
      throw new ModelException(
          "the attributes 'size' = "
              + size
              + " and 'step' = "
              + step
              + " do not fit axis "
              + axis
              + " of the input "
              + shape);
    }
    long windows = (shape.dim(axis) - size) / step + 1;
    long[] indices =
        LongStream.range(0, windows * size).map(i -> i / size * step + i % size).toArray();
    String table = b.reshaped(b.longs(indices), windows, size);
    String picked = b.add("Gather", Attributes.of("axis", (long) axis), b.input(0), table);
    List<Long> order = new ArrayList<>(LongStream.rangeClosed(0, shape.rank()).boxed().toList());
    order.add(order.remove(axis + 1));
    return b.transposed(picked, order.stream().mapToLong(Long::longValue).toArray());
  }

  private static String isAllFinite(Body b) {
    boolean asksInfinity = !b.attributes().flag("isnan_only", false);
    boolean asksNan = !b.attributes().flag("isinf_only", false);
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
    return b.add("Not", b.add("Cast", Attributes.of("to", (long) DataType.BOOL.code()), found));
  }

  /** 1 if a flag is set here or was before; {@code before} is empty for the first. */
  private static String anyOf(Body b, String before, String flags) {
    Attributes whole = Attributes.of("to", (long) DataType.INT32.code());
    String numbers = b.add("Cast", whole, flags);
    String any = b.add("ReduceMax", Attributes.of("keepdims", 0L), numbers);
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
          "the boxes "
              + boxes
              + " and a crop of "
              + Arrays.toString(size)
              + " do not fit the input "
              + x);
    }
    String mode = b.attributes().text("mode", "bilinear");
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
    String grid = b.add("Concat", Attributes.of("axis", -1L), wide);
    String pictures = b.add("Gather", b.input(0), b.input(2));
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
    return b.add(
        "Where",
        b.transposed(kept, 0, 3, 1, 2),
        sampled,
        b.number(b.attributes().number("extrapolation_value", 0)));
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
    String at = b.add("Add", start, b.add("Mul", b.add("Sub", end, start), offsets));
    String unit = b.add("Sub", b.add("Mul", at, b.number(2)), b.number(1));
    long boxes = b.shape(1).dim(0);
    return isHeight ? b.reshaped(unit, boxes, count, 1, 1) : b.reshaped(unit, boxes, 1, count, 1);
  }
}
