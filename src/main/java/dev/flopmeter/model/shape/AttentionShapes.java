package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Attention, the fused operators of {@code com.microsoft} that transformers are made of, and layers
 * that carry a state from token to token in place of all earlier keys (opset 27).
 */
final class AttentionShapes {
  private AttentionShapes() {}

  private static final String CONTRIB = "com.microsoft:";

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("Attention", AttentionShapes::attention);
    rules.put("LinearAttention", AttentionShapes::linearAttention);
    rules.put("CausalConvWithState", AttentionShapes::causalConvolution);
    rules.put("Einsum", in -> List.of(in.type(0).withShape(EinsumEquation.of(in).outputShape())));
    rules.put(CONTRIB + "FusedConv", AttentionShapes::fusedConvolution);
    rules.put(CONTRIB + "FusedGemm", MatrixShapes::gemm);
    rules.put(CONTRIB + "FusedMatMul", AttentionShapes::fusedMatMul);
    rules.put(CONTRIB + "SkipLayerNormalization", AttentionShapes::skipLayerNormalization);
    rules.put(
        CONTRIB + "SkipSimplifiedLayerNormalization", AttentionShapes::skipLayerNormalization);
    rules.put(CONTRIB + "EmbedLayerNormalization", AttentionShapes::embedLayerNormalization);
    rules.put(CONTRIB + "Attention", AttentionShapes::fusedAttention);
    rules.put(CONTRIB + "MultiHeadAttention", AttentionShapes::attention);
    rules.put(CONTRIB + "DecoderMaskedMultiHeadAttention", AttentionShapes::attention);
    rules.put(CONTRIB + "GroupQueryAttention", AttentionShapes::attention);
    rules.put(CONTRIB + "PackedMultiHeadAttention", AttentionShapes::packedAttention);
  }

  /** ONNX Runtime does not repeat an addend: it has the shape of the result. */
  private static List<TensorType> fusedConvolution(Operands in) {
    TensorType out = WindowShapes.convolution(in, 0, 1);
    if (in.has(3) && !in.shape(3).equals(out.shape())) {
      throw new ModelException(
          "the addend " + in.shape(3) + " must have the shape of the result, " + out.shape());
    }
    return List.of(out);
  }

  /** Y, the keys and values with those of the past, and the scores. */
  private static List<TensorType> attention(Operands in) {
    AttentionSizes sizes = AttentionSizes.of(in);
    Shape out =
        in.shape(0).rank() == 4
            ? Shape.of(sizes.batch(), sizes.heads(), sizes.queries(), sizes.valueDepth())
            : Shape.of(sizes.batch(), sizes.queries(), sizes.heads() * sizes.valueDepth());
    Shape keys = Shape.of(sizes.batch(), sizes.keyHeads(), sizes.present(), sizes.depth());
    DataType held = heldType(in);
    return List.of(
        in.type(0).withShape(out),
        new TensorType(held, keys),
        new TensorType(held, keys.with(3, sizes.valueDepth())),
        in.type(0)
            .withShape(Shape.of(sizes.batch(), sizes.heads(), sizes.queries(), sizes.total())));
  }

  /** The past's own type, which may be a quantised one. */
  private static DataType heldType(Operands in) {
    int past = in.node().domain().isEmpty() ? 4 : AttentionSizes.Slots.of(in).past();
    return in.has(past) ? in.type(past).type() : in.type(0).type();
  }

  private static List<TensorType> fusedMatMul(Operands in) {
    Shape a = ordered(in.shape(0), ProductOrder.of(in.attributes(), 'A', in.shape(0).rank()));
    Shape b = ordered(in.shape(1), ProductOrder.of(in.attributes(), 'B', in.shape(1).rank()));
    return List.of(in.type(0).withShape(MatrixShapes.product(a, b)));
  }

  private static Shape ordered(Shape shape, int[] order) {
    return Shape.of(Arrays.stream(order).mapToLong(shape::dim).toArray());
  }

  private static List<TensorType> skipLayerNormalization(Operands in) {
    TensorType x = in.type(0);
    TensorType statistics = new TensorType(DataType.FLOAT, x.shape().with(x.shape().rank() - 1, 1));
    return List.of(x, statistics, statistics, x);
  }

  private static List<TensorType> embedLayerNormalization(Operands in) {
    Shape ids = in.shape(0);
    TensorType embedded = in.type(2).withShape(ids.concat(Shape.of(in.shape(2).dim(-1))));
    return List.of(embedded, TensorType.of(DataType.INT32, ids.dim(0)), embedded);
  }

  /** The present's keys and values are stacked. */
  private static List<TensorType> fusedAttention(Operands in) {
    AttentionSizes sizes = AttentionSizes.of(in);
    TensorType present =
        in.type(0)
            .withShape(
                Shape.of(2, sizes.batch(), sizes.heads(), sizes.present(), sizes.valueDepth()));
    Shape out = Shape.of(sizes.batch(), sizes.queries(), sizes.heads() * sizes.valueDepth());
    return List.of(in.type(0).withShape(out), present);
  }

  /** Tokens without padding; one fourth input says where each stood, the next where rows end. */
  private static List<TensorType> packedAttention(Operands in) {
    Shape q = in.shape(0);
    long heads = in.attributes().integer("num_heads");
    boolean isSplit = q.rank() == 4;
    long width = isSplit ? q.dim(1) * q.dim(3) : in.has(2) ? in.shape(2).dim(1) : q.dim(1) / 3;
    if (heads < 1 || width % heads != 0 || (isSplit && (q.dim(1) != heads || q.dim(2) != 3))) {
      throw new ModelException(width + " values cannot be split into " + heads + " heads");
    }
    return List.of(in.type(0).withShape(Shape.of(q.dim(0), width)));
  }

  /** Output B x T x (Hq Dv), state B x Hkv x Dk x Dv. */
  private static List<TensorType> linearAttention(Operands in) {
    Shape query = in.shape(0);
    Shape value = in.shape(2);
    long queryHeads = in.attributes().integer("q_num_heads");
    long valueHeads = in.attributes().integer("kv_num_heads");
    if (query.rank() != 3
        || value.rank() != 3
        || queryHeads < 1
        || valueHeads < 1
        || query.dim(2) % queryHeads != 0
        || value.dim(2) % valueHeads != 0) {
      throw new ModelException(
          "queries %s and values %s do not fit %s and %s heads"
              .formatted(query, value, queryHeads, valueHeads));
    }
    long keyWidth = query.dim(2) / queryHeads;
    long valueWidth = value.dim(2) / valueHeads;
    TensorType state = in.has(3) ? in.type(3) : in.type(0);
    return List.of(
        in.type(0).withShape(query.with(2, queryHeads * valueWidth)),
        state.withShape(Shape.of(query.dim(0), valueHeads, keyWidth, valueWidth)));
  }

  /** Output as the input B x C x L, state B x C x (k - 1). */
  private static List<TensorType> causalConvolution(Operands in) {
    Shape x = in.shape(0);
    Shape weight = in.shape(1);
    if (x.rank() != 3 || weight.rank() != 3 || weight.dim(0) != x.dim(1) || weight.dim(2) < 1) {
      throw new ModelException("the weights " + weight + " do not fit the input " + x);
    }
    return List.of(in.type(0), in.type(0).withShape(x.with(2, weight.dim(2) - 1)));
  }
}
