package dev.flopmeter.model.range;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.range.Allowed.Exactly;
import dev.flopmeter.model.range.Allowed.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The inputs that operators read as indices, lengths, axes or sizes, with the values they accept
 * there (ONNX's and ONNX Runtime's operator descriptions). Most, but not all, operators accept
 * indices from the end: none are drawn.
 */
final class IndexInputs {
  private static final Map<String, List<IndexInput>> ALL = new HashMap<>();

  private IndexInputs() {}

  /**
   * One such input.
   *
   * @param input its index among the operator's inputs
   * @param allowed the values accepted; throws DataDependentException if shapes are not known
   */
  record IndexInput(int input, Function<Operands, Allowed> allowed) {}

  /** The index inputs of an operator; empty for most. */
  static List<IndexInput> of(String qualifiedOp) {
    return ALL.getOrDefault(qualifiedOp, List.of());
  }

  private static void add(String ops, int input, Function<Operands, Allowed> allowed) {
    for (String op : ops.split(" ", -1)) {
      ALL.computeIfAbsent(op, any -> new ArrayList<>()).add(new IndexInput(input, allowed));
    }
  }

  private static Range below(long size) {
    return new Range(0, size - 1);
  }

  private static Range just(long value) {
    return new Range(value, value);
  }

  private static Exactly exactly(LongStream values) {
    return new Exactly(values.boxed().toList());
  }

  static {
    // Indices along an axis of the data
    add("Gather GatherElements Scatter ScatterElements", 1, in -> below(axis(in, "axis", 0)));
    add("com.microsoft:GatherBlockQuantized", 1, in -> below(axis(in, "gather_axis", 0)));
    add("GatherND", 1, in -> tuples(in, (int) in.attributes().integer("batch_dims", 0)));
    add("ScatterND", 1, in -> tuples(in, 0));
    add("TensorScatter", 2, IndexInputs::writePlaces);
    add("ai.onnx.ml:ArrayFeatureExtractor", 1, in -> below(in.shape(0).dim(-1)));
    add("MaxUnpool", 1, in -> below(in.knownOutput(0).orElse(in.type(0)).elements()));
    // Numbers of classes, rows, batches, groups
    add("OneHot", 0, in -> below(in.requireValue(1).longAt(0)));
    add("NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss", 1, in -> below(in.shape(0).dim(1)));
    add("RoiAlign com.microsoft:CropAndResize", 2, in -> below(in.shape(0).dim(0)));
    add("MaxRoiPool", 1, in -> new Range(0, 1)); // the first column is the image's number
    String embedding =
        "com.microsoft:EmbedLayerNormalization com.microsoft:QEmbedLayerNormalization";
    add(embedding, 0, in -> below(in.shape(2).dim(0)));
    add(embedding, 1, in -> below(in.shape(4).dim(0)));
    add("com.microsoft:EmbedLayerNormalization", 8, in -> below(in.shape(3).dim(0)));
    add("RotaryEmbedding", 3, in -> below(in.shape(1).dim(0)));
    add("com.microsoft:RotaryEmbedding", 1, IndexInputs::rotations);
    add("com.microsoft:MatMulNBits", 4, IndexInputs::quantisationGroups);
    // Lengths: whole sequences, because that is what is counted
    String recurrent = "LSTM GRU RNN com.microsoft:DynamicQuantizeLSTM";
    add(recurrent, 4, in -> just(in.shape(0).dim((int) in.attributes().integer("layout", 0))));
    add("ReverseSequence", 1, in -> just(axis(in, "time_axis", 0)));
    add("Attention", 6, in -> just(in.shape(1).dim(-2)));
    add("com.microsoft:Attention", 3, in -> keyLengths(in, 3, in.shape(0).dim(1)));
    add("com.microsoft:MultiHeadAttention", 4, in -> keyLengths(in, 4, in.shape(1).dim(1)));
    add("com.microsoft:GroupQueryAttention", 5, in -> just(tokens(in) - 1));
    add("com.microsoft:GroupQueryAttention", 6, in -> just(tokens(in)));
    add("com.microsoft:PackedAttention", 3, in -> tokenOffsets(in, 3));
    add("com.microsoft:PackedAttention", 4, in -> sequenceStarts(in, 4));
    add("com.microsoft:PackedMultiHeadAttention", 4, in -> tokenOffsets(in, 4));
    add("com.microsoft:PackedMultiHeadAttention", 5, in -> sequenceStarts(in, 5));
    add("com.microsoft:RestorePadding", 1, in -> tokenOffsets(in, 1));
    add("com.microsoft:RemovePadding", 1, in -> just(in.shape(0).dim(1)));
    // Axes
    add("Slice", 3, in -> ascending(in, 3));
    add("Pad", 3, in -> ascending(in, 3));
    add("Unsqueeze", 1, in -> ascending(in, 1));
    add("Squeeze", 1, IndexInputs::squeezable);
    for (String kind : "Sum Mean Max Min Prod L1 L2 LogSum LogSumExp SumSquare".split(" ", -1)) {
      add("Reduce" + kind, 1, in -> ascending(in, 1));
    }
    add("CumSum CumProd", 1, in -> just(0));
    // Sizes and amounts
    add("TopK", 1, in -> new Range(1, axis(in, "axis", -1)));
    add("Slice", 1, in -> just(0));
    add("Slice", 2, in -> just(Integer.MAX_VALUE));
    add("Slice", 4, in -> just(1));
    add("Pad", 1, in -> just(Arrays.stream(in.shape(0).dims()).allMatch(dim -> dim > 1) ? 1 : 0));
    add("Tile", 1, in -> new Range(1, 2));
    add("Expand", 1, in -> just(1));
    add("Reshape", 1, IndexInputs::newShape);
    add("Split", 1, IndexInputs::parts);
    add("Resize", 2, in -> just(1));
    add("Resize", 3, in -> sizes(in, 3));
    add("Upsample", 1, in -> just(1));
    add("CenterCropPad", 1, in -> sizes(in, 1));
    add("AffineGrid", 1, IndexInputs::gridSize);
    add("Col2Im", 1, IndexInputs::imageSize);
    add("Col2Im", 2, in -> exactly(LongStream.of(block(in))));
  }

  /** The size of the axis that an attribute names. */
  private static long axis(Operands in, String attribute, long absent) {
    Shape shape = in.shape(0);
    return shape.dim(shape.axis(in.attributes().integer(attribute, absent)));
  }

  /** Tuples of indices, each for its own axis: what fits the smallest of these axes. */
  private static Allowed tuples(Operands in, int batchDims) {
    Shape data = in.shape(0);
    int length = (int) in.shape(1).dim(-1);
    return below(LongStream.of(data.slice(batchDims, batchDims + length).dims()).min().orElse(1));
  }

  private static Allowed writePlaces(Operands in) {
    long written = in.shape(1).dim(in.shape(1).axis(in.attributes().integer("axis", -2)));
    return new Range(0, axis(in, "axis", -2) - written);
  }

  /** Positions of each token, or one offset of all. */
  private static Allowed rotations(Operands in) {
    Shape data = in.shape(0);
    long tokens = data.dim(data.rank() - 2);
    return below(in.shape(2).dim(0) - (in.shape(1).elements() == 1 ? tokens - 1 : 0));
  }

  private static Allowed quantisationGroups(Operands in) {
    long block = in.attributes().integer("block_size");
    return below((in.attributes().integer("K") + block - 1) / block);
  }

  /** A mask of rank 1 holds the number of keys; of another rank, zeros and ones. */
  private static Allowed keyLengths(Operands in, int input, long keys) {
    return just(in.shape(input).rank() == 1 ? keys : 1);
  }

  /** Tokens behind the attention's step: those of the past and those that are new. */
  private static long tokens(Operands in) {
    return in.shape(0).dim(1) + (in.has(3) ? in.shape(3).dim(2) : 0);
  }

  /**
   * Where each sequence starts among the packed tokens, and where the last one ends: sequences of
   * the same length, as nearly as the number of tokens allows.
   */
  private static Allowed sequenceStarts(Operands in, int input) {
    long sequences = in.shape(input).elements() - 1;
    long tokens = in.shape(0).dim(0);
    return exactly(LongStream.rangeClosed(0, sequences).map(i -> start(i, sequences, tokens)));
  }

  private static long start(long sequence, long sequences, long tokens) {
    return sequence * tokens / Math.max(1, sequences);
  }

  /** The padded positions (sequence x longest) of the packed tokens, then those of the padding. */
  private static Allowed tokenOffsets(Operands in, int input) {
    long sequences = in.shape(input).dim(0);
    long longest = in.shape(input).dim(1);
    long tokens = in.shape(0).dim(0);
    LongPredicate isToken =
        place -> {
          long own = place / longest;
          return place % longest
              < start(own + 1, sequences, tokens) - start(own, sequences, tokens);
        };
    LongStream padding = LongStream.range(0, sequences * longest).filter(isToken.negate());
    return exactly(
        LongStream.concat(LongStream.range(0, sequences * longest).filter(isToken), padding));
  }

  private static Allowed ascending(Operands in, int input) {
    return exactly(LongStream.range(0, in.shape(input).elements()));
  }

  private static Allowed squeezable(Operands in) {
    Shape data = in.shape(0);
    return exactly(
        LongStream.range(0, data.rank())
            .filter(axis -> data.dim((int) axis) == 1)
            .limit(in.shape(1).elements()));
  }

  /** The data's own shape, or all elements along the first axis. */
  private static Allowed newShape(Operands in) {
    long rank = in.shape(1).elements();
    return rank == in.shape(0).rank()
        ? exactly(LongStream.of(in.shape(0).dims()))
        : exactly(LongStream.range(0, rank).map(axis -> axis == 0 ? -1 : 1));
  }

  /** Equal parts; the last one takes the rest. */
  private static Allowed parts(Operands in) {
    long size = axis(in, "axis", 0);
    long count = Math.max(1, in.shape(1).elements());
    long part = size / count;
    return exactly(
        LongStream.range(0, count).map(i -> i < count - 1 ? part : size - part * (count - 1)));
  }

  /** The sizes that the data has already, of all axes or those that an attribute names. */
  private static Allowed sizes(Operands in, int input) {
    Shape data = in.shape(0);
    long[] axes =
        in.attributes()
            .integers("axes")
            .orElse(LongStream.range(0, in.shape(input).elements()).toArray());
    return exactly(LongStream.of(axes).map(axis -> data.dim(data.axis(axis))));
  }

  /** One axis of a Col2Im. */
  private record ColumnAxis(long stride, long dilation, long pads) {
    static ColumnAxis of(Operands in, int axis) {
      int axes = (int) in.shape(1).elements();
      long[] pads = in.attributes().integers("pads", new long[2 * axes]);
      return new ColumnAxis(
          in.attributes().integers("strides").map(all -> all[axis]).orElse(1L),
          in.attributes().integers("dilations").map(all -> all[axis]).orElse(1L),
          pads[axis] + pads[axis + axes]);
    }

    /** The size of an image that a block stands in at {@code places} positions. */
    long image(long places, long block) {
      return Math.max(1, (places - 1) * stride + dilation * (block - 1) + 1 - pads);
    }

    long places(long image, long block) {
      return (image + pads - dilation * (block - 1) - 1) / stride + 1;
    }
  }

  /** The constant block of a Col2Im, or the smallest square one that suits a constant image. */
  private static long[] block(Operands in) {
    int axes = (int) in.shape(2).elements();
    if (in.value(2).isPresent()) {
      return in.requireValue(2).toLongs();
    }
    long side = 1;
    if (in.value(1).isPresent()) {
      long[] image = in.requireValue(1).toLongs();
      long most = LongStream.of(image).max().orElse(1);
      while (side < most && places(in, image, side) != in.shape(0).dim(-1)) {
        side++;
      }
    }
    long found = side;
    return LongStream.generate(() -> found).limit(axes).toArray();
  }

  private static long places(Operands in, long[] image, long side) {
    long all = 1;
    for (int axis = 0; axis < image.length; axis++) {
      all *= ColumnAxis.of(in, axis).places(image[axis], side);
    }
    return all;
  }

  /** The image that has as many blocks as there are columns, with sides as equal as possible. */
  private static Allowed imageSize(Operands in) {
    long[] block = block(in);
    long[] image = new long[block.length];
    long left = in.shape(0).dim(-1);
    for (int axis = 0; axis < image.length; axis++) {
      long places = side(left, image.length - axis);
      left /= places;
      image[axis] = ColumnAxis.of(in, axis).image(places, block[axis]);
    }
    return exactly(LongStream.of(image));
  }

  /** The greatest divisor of {@code product} that is not above its root of that degree. */
  private static long side(long product, int degree) {
    long side =
        Math.max(1, Math.round(Math.floor(Math.pow((double) product, 1.0 / degree) + 1e-9)));
    while (product % side != 0) {
      side--;
    }
    return side;
  }

  private static Allowed gridSize(Operands in) {
    return new Exactly(
        Stream.concat(
                Stream.of(in.shape(0).dim(0), 1L),
                Stream.generate(() -> 2L).limit(in.shape(1).elements() - 2))
            .toList());
  }
}
