package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/**
 * Operators whose outputs have their inputs' (broadcast) shape. Elementwise operators get theirs
 * from {@link OperatorTrait}.
 */
final class ElementwiseShapes {
  private ElementwiseShapes() {}

  /** Operators that mix elements, or write to some, and keep the shape. */
  private static final String LIKE_FIRST_INPUT =
      """
      CumProd CumSum Identity InstanceNormalization LpNormalization MeanVarianceNormalization
      PRelu RMSNormalization ReverseSequence RotaryEmbedding Scatter ScatterElements ScatterND
      SwiGLU Trilu com.microsoft:BiasGelu com.microsoft:RotaryEmbedding
      """;

  static void addTo(Map<String, ShapeRule> rules) {
    ShapeRule likeFirst = in -> List.of(in.type(0));
    ShapeRule broadcast = in -> List.of(broadcast(in));
    OperatorTrait.UNARY.operators().forEach(op -> rules.put(op, likeFirst));
    OperatorTrait.BINARY.operators().forEach(op -> rules.put(op, broadcast));
    OperatorTrait.VARIADIC.operators().forEach(op -> rules.put(op, broadcast));
    for (String op : LIKE_FIRST_INPUT.strip().split("\\s+", -1)) {
      rules.put(op, likeFirst);
    }
    OperatorTrait.COMPARISON
        .operators()
        .forEach(op -> rules.put(op, in -> List.of(broadcast(in).withType(DataType.BOOL))));
    rules.put("IsNaN", in -> List.of(in.type(0).withType(DataType.BOOL)));
    rules.put("IsInf", in -> List.of(in.type(0).withType(DataType.BOOL)));
    List.of("Softmax", "LogSoftmax", "Hardmax")
        .forEach(op -> rules.put(op, ElementwiseShapes::alongAxis));
    rules.put("LRN", ElementwiseShapes::localResponse);
    rules.put("GroupNormalization", ElementwiseShapes::groupNormalization);
    rules.put("Where", ElementwiseShapes::where);
    rules.put("Dropout", ElementwiseShapes::dropout);
    rules.put(
        "Cast", in -> List.of(in.type(0).withType(DataType.ofCode(in.attributes().integer("to")))));
    rules.put(
        "BitCast",
        in -> List.of(in.type(0).withType(DataType.ofCode(in.attributes().integer("to")))));
    rules.put("CastLike", in -> List.of(in.type(0).withType(in.type(1).type())));
    rules.put("BatchNormalization", ElementwiseShapes::batchNormalization);
    rules.put("LayerNormalization", ElementwiseShapes::layerNormalization);
    rules.put("SimplifiedLayerNormalization", ElementwiseShapes::layerNormalization);
    rules.put("QuantizeLinear", ElementwiseShapes::quantize);
    rules.put("DequantizeLinear", ElementwiseShapes::dequantize);
    rules.put("DynamicQuantizeLinear", ElementwiseShapes::dynamicQuantize);
  }

  /** The common shape of all inputs; before opset 7 the second operand aligned to {@code axis}. */
  private static TensorType broadcast(Operands in) {
    TensorType first = in.type(0);
    if (in.opset() < 7 && in.attributes().flag("broadcast", false)) {
      return first;
    }
    Shape shape = first.shape();
    for (int i = 1; i < in.inputCount(); i++) {
      shape = shape.broadcast(in.shape(i));
    }
    return first.withShape(shape);
  }

  /** Before opset 13 the input was a matrix cut at {@code axis}, which may be its end. */
  private static List<TensorType> alongAxis(Operands in) {
    Shape shape = in.shape(0);
    boolean cuts = in.opset() < 13;
    long axis = in.attributes().integer("axis", cuts ? 1 : -1);
    if (shape.rank() > 0 && !(cuts && axis == shape.rank())) {
      shape.axis(axis);
    }
    return List.of(in.type(0));
  }

  private static List<TensorType> localResponse(Operands in) {
    long size = in.attributes().integer("size");
    if (size < 1) {
      throw new ModelException("the attribute 'size' is " + size + ", not at least 1");
    }
    return List.of(in.type(0));
  }

  private static List<TensorType> groupNormalization(Operands in) {
    Shape shape = in.shape(0);
    long groups = in.attributes().integer("num_groups");
    if (shape.rank() < 2 || groups < 1 || shape.dim(1) % groups != 0) {
      throw new ModelException(
          "the channels of " + shape + " cannot be split into " + groups + " groups");
    }
    return List.of(in.type(0));
  }

  private static List<TensorType> where(Operands in) {
    Shape shape = in.shape(0).broadcast(in.shape(1)).broadcast(in.shape(2));
    return List.of(in.type(1).withShape(shape));
  }

  private static List<TensorType> dropout(Operands in) {
    return List.of(
        in.type(0), in.type(0).withType(in.opset() < 10 ? in.type(0).type() : DataType.BOOL));
  }

  /** Output, then statistics by channel; older versions give the batch's own as well. */
  private static List<TensorType> batchNormalization(Operands in) {
    Shape shape = in.shape(0);
    boolean isSpatial = in.attributes().flag("spatial", true);
    long expected =
        shape.rank() < 2 ? 1 : isSpatial ? shape.dim(1) : shape.elements(1, shape.rank());
    for (int i = 1; i <= 4; i++) {
      if (!in.has(i)) {
        throw new ModelException("input " + i + " is missing");
      }
      TensorType statistics = in.knownType(i).orElse(null);
      if (statistics != null && statistics.elements() != expected) {
        throw new ModelException(
            "the input " + shape + " needs statistics of " + expected + ", not " + statistics);
      }
    }
    if (in.outputCount() == 1) {
      return List.of(in.type(0));
    }
    TensorType statistics = in.type(3);
    return List.of(in.type(0), statistics, statistics, statistics, statistics);
  }

  /** Output, mean and inverse deviation; the latter two keep the normalised axes as 1. */
  private static List<TensorType> layerNormalization(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", -1));
    long[] reduced = shape.dims();
    for (int i = axis; i < reduced.length; i++) {
      reduced[i] = 1;
    }
    DataType stash = DataType.ofCode(in.attributes().integer("stash_type", DataType.FLOAT.code()));
    TensorType statistics = new TensorType(stash, Shape.of(reduced));
    return List.of(in.type(0), statistics, statistics);
  }

  private static List<TensorType> quantize(Operands in) {
    Quantization.requireScale(in, 1, false);
    long asked = in.attributes().integer("output_dtype", 0);
    DataType type =
        in.has(2) ? in.type(2).type() : asked == 0 ? DataType.UINT8 : DataType.ofCode(asked);
    return List.of(in.type(0).withType(type));
  }

  private static List<TensorType> dequantize(Operands in) {
    Quantization.requireScale(in, 1, true);
    Quantization.requireZeroPoint(in, 0, 2);
    long asked = in.attributes().integer("output_dtype", 0);
    return List.of(in.type(0).withType(asked == 0 ? in.type(1).type() : DataType.ofCode(asked)));
  }

  private static List<TensorType> dynamicQuantize(Operands in) {
    return List.of(
        in.type(0).withType(DataType.UINT8),
        new TensorType(DataType.FLOAT, Shape.SCALAR),
        new TensorType(DataType.UINT8, Shape.SCALAR));
  }
}
