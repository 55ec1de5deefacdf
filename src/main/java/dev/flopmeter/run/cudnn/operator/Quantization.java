package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.PackedTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Between floats and quantised values: 8-bit ones where products read them, else integers lie here
 * as 64-bit integers, and 8-bit floats in the plan's precision. Packed weights stay as they are.
 */
final class Quantization {
  private Quantization() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("QuantizeLinear", node -> plan(node, false));
    operators.put("DequantizeLinear", node -> plan(node, true));
  }

  private static void plan(NodePlan node, boolean back) {
    DataType narrow = back ? node.operands().type(0).type() : node.operands().output(0).type();
    boolean saturates = node.attributes().flag("saturate", true);
    Optional<NarrowFloat> floats = NarrowFloat.of(narrow);
    if (!narrow.isInteger() && floats.isEmpty()) {
      throw node.unsupported("the type " + narrow.label());
    }
    boolean isRounded = !back && floats.isPresent();
    boolean isFp8 = narrow == DataType.FLOAT8E4M3FN && saturates;
    TensorView scale = node.plain(1);
    boolean isCode = back && narrow.isInteger() && narrow.bits() <= 8;
    Tensor stored = isCode ? node.operands().value(0).orElse(null) : null;
    TensorView first = stored == null ? node.in(0) : held(node, "codes", stored);
    // One scale for all serves any order of the elements.
    boolean isOneScale =
        scale.elements() == 1
            && (first.is(MemoryLayout.PLAIN) || first.is(MemoryLayout.CHANNELS_LAST));
    TensorView x = isOneScale || stored != null ? first : node.plain(0);
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
    long[] range = narrow.isInteger() ? range(narrow) : new long[2];
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
            .real(stored == null ? (double) (back ? x : y).storage().shift(narrow) : 0)
            .integers(back ? 1 : 0, isFp8 ? 1 : isRounded ? 2 : 0)
            .integers(stored == null ? new int[2] : bitsAndSign(stored))
            .turns(shape.dims())
            .turns(blocks)
            .strides(strides));
    if (isRounded && !isFp8) {
      node.launch(floats.get().work(y, y, saturates));
    }
  }

  /**
   * Unpacks weights, which the device holds in the bytes of the model, in their stored order.
   *
   * @param indices of those that are picked along an axis; null for all
   */
  static void unpack(
      NodePlan node, PackedTensor weights, @Nullable TensorView indices, int axis, TensorView to) {
    Shape shape = weights.stored();
    Tensor codes = weights.codes();
    Tensor scales = weights.scales();
    Tensor zeros = weights.zeros();
    TensorView scale = held(node, "scales", scales);
    TensorView zero = zeros == null ? scale : held(node, "zeros", zeros);
    TensorView group = weights.groups() == null ? scale : held(node, "groups", weights.groups());
    node.launch(
        "unpack",
        to,
        new Arguments()
            .pointers(held(node, "codes", codes), scale)
            .pointerOrNull(zeros == null ? null : zero)
            .pointerOrNull(weights.groups() == null ? null : group)
            .pointerOrNull(weights.table() == null ? null : held(node, "table", weights.table()))
            .pointerOrNull(indices)
            .pointer(to)
            .numbers(to.elements(), weights.length(), weights.block(), codes.shape().dim(1))
            .numbers(scales.shape().dim(1), zeros == null ? 0 : zeros.shape().dim(1))
            .numbers(shape.dim(axis), shape.elements(axis + 1, shape.rank()))
            .number(indices == null ? 1 : indices.elements())
            .integers(bitsAndSign(codes))
            .integers(bitsAndSign(zeros == null ? scales : zeros))
            .real(weights.middle())
            .types(scale, zero, group, to));
  }

  /** Of codes; 0 of floats. */
  private static int[] bitsAndSign(Tensor codes) {
    DataType type = codes.type().type();
    return new int[] {type.isInteger() ? type.bits() : 0, type.name().startsWith("U") ? 0 : 1};
  }

  /** A constant in the bytes in which it is stored. */
  private static TensorView held(NodePlan node, String what, Tensor values) {
    TensorType type = values.type();
    Tensor stored =
        type.type().bits() > 8
            ? values
            : DenseTensor.of(TensorType.of(DataType.INT8, type.bytes()), values.data());
    ElementType storage =
        Stream.of(ElementType.values())
            .filter(one -> one.type() == stored.type().type())
            .findFirst()
            .orElse(ElementType.F32);
    TensorView view = node.constant(what, stored.elements(), storage, stored::doubleAt);
    return view.as(values.shape(), TensorView.strides(values.shape(), MemoryLayout.PLAIN));
  }

  private static long[] range(DataType type) {
    int bits = type.bits();
    boolean isUnsigned = type.name().startsWith("U");
    return isUnsigned
        ? new long[] {0, (1L << bits) - 1}
        : new long[] {-(1L << (bits - 1)), (1L << (bits - 1)) - 1};
  }
}
