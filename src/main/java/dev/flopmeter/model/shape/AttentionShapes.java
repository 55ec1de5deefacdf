package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Attention, and the fused operators of {@code com.microsoft} that transformers are made of. */
final class AttentionShapes {
  private AttentionShapes() {}

  private static final String CONTRIB = "com.microsoft:";

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("Attention", AttentionShapes::attention);
    rules.put("Einsum", in -> List.of(in.type(0).withShape(EinsumEquation.of(in).outputShape())));
    rules.put(CONTRIB + "FusedConv", in -> List.of(WindowShapes.convolution(in, 0, 1)));
    rules.put(CONTRIB + "FusedGemm", MatrixShapes::gemm);
    rules.put(CONTRIB + "FusedMatMul", AttentionShapes::fusedMatMul);
    rules.put(CONTRIB + "SkipLayerNormalization", AttentionShapes::skipLayerNormalization);
    rules.put(
        CONTRIB + "SkipSimplifiedLayerNormalization", AttentionShapes::skipLayerNormalization);
    rules.put(CONTRIB + "EmbedLayerNormalization", AttentionShapes::embedLayerNormalization);
    rules.put(CONTRIB + "Attention", AttentionShapes::fusedAttention);
  }

  /** Y, the keys and values with those of the past, and the scores. */
  private static List<TensorType> attention(Operands in) {
    Shape q = in.shape(0);
    Shape k = in.shape(1);
    Shape v = in.shape(2);
    if (q.rank() != k.rank() || k.rank() != v.rank() || (q.rank() != 3 && q.rank() != 4)) {
      throw new ModelException(
          "queries " + q + ", keys " + k + " and values " + v + " need rank 3 or 4");
    }
    boolean split = q.rank() == 4;
    long heads = split ? q.dim(1) : in.attributes().integer("q_num_heads");
    long kvHeads = split ? k.dim(1) : in.attributes().integer("kv_num_heads");
    if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
      throw new ModelException(heads + " heads cannot share " + kvHeads + " of keys and values");
    }
    long queries = q.dim(-2);
    long depth = split ? q.dim(3) : divided(q.dim(2), heads);
    long keyDepth = split ? k.dim(3) : divided(k.dim(2), kvHeads);
    if (depth != keyDepth) {
      throw new ModelException("queries " + q + " and keys " + k + " differ in depth");
    }
    long valueDepth = split ? v.dim(3) : divided(v.dim(2), kvHeads);
    long past = in.has(4) ? in.shape(4).dim(2) : 0;
    long keys = Sizes.add(k.dim(-2), past);
    Shape out =
        split
            ? Shape.of(q.dim(0), heads, queries, valueDepth)
            : Shape.of(q.dim(0), queries, heads * valueDepth);
    return List.of(
        in.type(0).withShape(out),
        in.type(1).withShape(Shape.of(k.dim(0), kvHeads, keys, depth)),
        in.type(2).withShape(Shape.of(v.dim(0), kvHeads, keys, valueDepth)),
        in.type(0).withShape(Shape.of(q.dim(0), heads, queries, keys)));
  }

  private static long divided(long hidden, long heads) {
    if (hidden % heads != 0) {
      throw new ModelException(hidden + " values cannot be split into " + heads + " heads");
    }
    return hidden / heads;
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

  private static List<TensorType> fusedAttention(Operands in) {
    Shape x = in.shape(0);
    Shape weight = in.shape(1);
    if (x.rank() != 3 || weight.rank() != 2 || x.dim(2) != weight.dim(0)) {
      throw new ModelException("the input " + x + " does not fit the weights " + weight);
    }
    long third = weight.dim(1) / 3;
    long[] widths = in.attributes().integers("qkv_hidden_sizes", third, third, third);
    long heads = in.attributes().integer("num_heads");
    if (widths.length != 3 || heads < 1) {
      throw new ModelException(
          "it needs 3 'qkv_hidden_sizes', not "
              + widths.length
              + ", and at least 1 of 'num_heads', not "
              + heads);
    }
    long past = in.has(4) ? in.shape(4).dim(3) : 0;
    TensorType present =
        in.type(0)
            .withShape(Shape.of(2, x.dim(0), heads, Sizes.add(x.dim(1), past), widths[2] / heads));
    return List.of(in.type(0).withShape(Shape.of(x.dim(0), x.dim(1), widths[2])), present);
  }
}
