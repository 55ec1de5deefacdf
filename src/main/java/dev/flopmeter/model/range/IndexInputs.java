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
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The inputs that operators read as indices, lengths, axes or sizes, with the values they accept
 * there (ONNX's and ONNX Runtime's operator descriptions). Indices that count from the end are
 * accepted by most operators, too, but not by all: none are used.
 */
final class IndexInputs {
  private static final Map<String, List<IndexInput>> ALL = new HashMap<>();

  private IndexInputs() {}

  /**
   * One such input.
   *
   * @param input its place among the operator's inputs
   * @param allowed the values accepted; throws DataDependentException if shapes are not known
   */
  record IndexInput(int input, Function<Operands, Allowed> allowed) {}

  /** Those of an operator; none for most. */
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

  private static Allowed gridSize(Operands in) {
    return new Exactly(
        Stream.concat(
                Stream.of(in.shape(0).dim(0), 1L),
                Stream.generate(() -> 2L).limit(in.shape(1).elements() - 2))
            .toList());
  }
}
