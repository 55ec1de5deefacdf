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
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Weights of few bits, which stay on the device as the model packs them. */
final class Quantization {
  private Quantization() {}

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
            .led(2, 0, bitsAndSign(codes))
            .led(2, 0, bitsAndSign(zeros == null ? scales : zeros))
            .real(weights.middle())
            .types(scale, zero, group, to));
  }

  /** Of codes; 0 of floats. */
  static long[] bitsAndSign(Tensor codes) {
    DataType type = codes.type().type();
    return new long[] {type.isInteger() ? type.bits() : 0, type.name().startsWith("U") ? 0 : 1};
  }

  /** A constant in the bytes in which it is stored. */
  static TensorView held(NodePlan node, String what, Tensor values) {
    TensorType type = values.type();
    Tensor stored =
        type.type().bits() > 8
            ? values
            : DenseTensor.of(TensorType.of(DataType.INT8, type.bytes()), values.data());
    ElementType storage = ElementType.holding(stored.type().type()).orElse(ElementType.F32);
    TensorView view = node.constant(what, stored.elements(), storage, stored::doubleAt);
    return view.as(values.shape(), TensorView.strides(values.shape(), MemoryLayout.PLAIN));
  }

  /** The least and the largest number of a type of whole numbers; of a float 0. */
  static List<Object> range(DataType type) {
    boolean isUnsigned = type.name().startsWith("U");
    double count = type.isInteger() ? Math.scalb(1.0, type.bits()) : 1;
    double least = isUnsigned || count == 1 ? 0 : -count / 2;
    return List.of(least, least + count - 1);
  }
}
