package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;
import java.util.Map;

/**
 * Between floats and quantised values: 8-bit ones where products read them, else integers lie here
 * as 64-bit integers, and 8-bit floats in the plan's precision.
 */
final class Quantization {
  private Quantization() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("QuantizeLinear", node -> plan(node, false));
    operators.put("DequantizeLinear", node -> plan(node, true));
  }

  private static void plan(NodePlan node, boolean back) {
    DataType narrow = back ? node.operands().type(0).type() : node.operands().output(0).type();
    boolean isFp8 = narrow == DataType.FLOAT8E4M3FN && node.attributes().flag("saturate", true);
    if (!narrow.isInteger() && !isFp8) {
      throw node.unsupported("the type " + narrow.label());
    }
    TensorView scale = node.plain(1);
    // One scale for all serves any order of the elements.
    boolean isOneScale =
        scale.elements() == 1
            && (node.in(0).is(MemoryLayout.PLAIN) || node.in(0).is(MemoryLayout.CHANNELS_LAST));
    TensorView x = isOneScale ? node.in(0) : node.plain(0);
    TensorView y = isOneScale ? node.outLike(0, x) : node.out(0);
    TensorView zero = node.plainOrNull(2);
    long[] blocks = new long[x.rank()];
    Arrays.fill(blocks, 1);
    long[] strides = new long[x.rank()];
    long block = node.attributes().integer("block_size", 0);
    if (block > 0) {
      int axis = x.shape().axis(node.attributes().integer("axis", 1));
      blocks[axis] = block;
      System.arraycopy(scale.strides(), 0, strides, 0, strides.length);
    } else if (scale.elements() > 1) {
      int axis = x.shape().axis(node.attributes().integer("axis", 1));
      strides[axis] = 1;
    }
    long[] range = range(narrow);
    ElementType stored = (back ? x : y).storage();
    Shape shape = y.shape();
    node.launch(
        "quantize",
        y,
        new Arguments()
            .pointers(x, scale)
            .pointerOrNull(zero)
            .pointer(y)
            .number(y.elements())
            .types(x, scale)
            .integers(
                zero == null ? ElementType.I64.code() : zero.storage().code(), y.storage().code())
            .real((double) range[0])
            .real((double) range[1])
            .real((double) stored.shift(narrow))
            .integers(back ? 1 : 0, isFp8 ? 1 : 0)
            .turns(shape.dims())
            .turns(blocks)
            .strides(strides));
  }

  private static long[] range(DataType type) {
    int bits = type.bits();
    boolean isUnsigned = type.name().startsWith("U");
    return isUnsigned
        ? new long[] {0, (1L << bits) - 1}
        : new long[] {-(1L << (bits - 1)), (1L << (bits - 1)) - 1};
  }
}
