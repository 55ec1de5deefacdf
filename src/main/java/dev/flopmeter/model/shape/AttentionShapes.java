package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Attention, and the operators of transformers in the domain {@code com.microsoft}. */
final class AttentionShapes {
  private static final String DOMAIN = "com.microsoft:";

  private AttentionShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("Attention", AttentionShapes::attention);
    for (String op : List.of("Gelu", "BiasGelu", "FastGelu", "QuickGelu")) {
      rules.put(DOMAIN + op, in -> List.of(in.type(0)));
    }
    rules.put(DOMAIN + "SkipLayerNormalization", AttentionShapes::skipNorm);
    rules.put(DOMAIN + "SkipSimplifiedLayerNormalization", AttentionShapes::skipNorm);
    rules.put(DOMAIN + "EmbedLayerNormalization", AttentionShapes::embedNorm);
    rules.put(DOMAIN + "Attention", AttentionShapes::packedAttention);
  }

  /**
   * Queries of rank 4 (batch, heads, tokens, width) or 3 (batch, tokens, heads x width). Outputs:
   * result, keys and values with the past, and the scores.
   */
  private static List<TensorType> attention(Operands in) {
    Shape q = in.shape(0);
    Shape k = in.shape(1);
    Shape v = in.shape(2);
    if (q.rank() != k.rank() || q.rank() != v.rank() || (q.rank() != 3 && q.rank() != 4)) {
      throw new ModelException(
          "queries " + q + ", keys " + k + " and values " + v + " must all be of rank 3 or 4");
    }
    boolean packed = q.rank() == 3;
    long queryHeads = packed ? in.attributes().integer("q_num_heads") : q.dim(1);
    long keyHeads = packed ? in.attributes().integer("kv_num_heads") : k.dim(1);
    if (keyHeads < 1 || queryHeads % keyHeads != 0) {
      throw new ModelException(
          queryHeads + " heads of queries cannot share " + keyHeads + " heads of keys");
    }
    long keyWidth = packed ? k.dim(2) / keyHeads : k.dim(3);
    long valueWidth = packed ? v.dim(2) / keyHeads : v.dim(3);
    if (keyWidth * queryHeads != (packed ? q.dim(2) : q.dim(3) * queryHeads)) {
      throw new ModelException("queries " + q + " and keys " + k + " differ in their width");
    }
    long past = in.has(4) ? in.shape(4).dim(2) : 0;
    long queries = q.dim(packed ? 1 : 2);
    long present = past + k.dim(packed ? 1 : 2);
    Shape out =
        packed
            ? Shape.of(q.dim(0), queries, queryHeads * valueWidth)
            : Shape.of(q.dim(0), queryHeads, queries, valueWidth);
    return List.of(
        in.type(0).withShape(out),
        in.type(1).withShape(Shape.of(k.dim(0), keyHeads, present, keyWidth)),
        in.type(2).withShape(Shape.of(v.dim(0), keyHeads, present, valueWidth)),
        in.type(0).withShape(Shape.of(q.dim(0), queryHeads, queries, present)));
  }

  private static List<TensorType> skipNorm(Operands in) {
    Shape shape = in.shape(0);
    TensorType statistics = new TensorType(DataType.FLOAT, shape.with(shape.rank() - 1, 1));
    return List.of(in.type(0), statistics, statistics, in.type(0));
  }

  private static List<TensorType> embedNorm(Operands in) {
    Shape ids = in.shape(0);
    TensorType sum = in.type(2).withShape(ids.concat(Shape.of(in.shape(2).dim(1))));
    return List.of(sum, TensorType.of(DataType.INT32, ids.dim(0)), sum);
  }

  /** One product of all weights: a third of its columns is each of queries, keys and values. */
  private static List<TensorType> packedAttention(Operands in) {
    Shape shape = in.shape(0);
    long columns = in.shape(1).dim(1);
    long[] sizes =
        in.attributes().integers("qkv_hidden_sizes", columns / 3, columns / 3, columns / 3);
    return List.of(in.type(0).withShape(shape.with(shape.rank() - 1, sizes[2])));
  }
}
