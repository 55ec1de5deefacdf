package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.ElementType;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Stored weights of 8 bits: K x C x window, or a matrix.
 *
 * @param values as the model stores them
 * @param axis of the output channels: 0, or 1 of a matrix
 * @param zeros one zero point, or one per output channel; null where it is 0
 * @param outputs channels
 * @param summed weights of an output channel
 * @param shift by which the device stores them lower
 */
record NarrowWeights(
    Tensor values, int axis, @Nullable Tensor zeros, long outputs, long summed, long shift) {
  static NarrowWeights of(Tensor values, int axis, @Nullable Tensor zeros) {
    long outputs = values.shape().dim(axis);
    long shift = ElementType.I8.shift(values.type().type());
    return new NarrowWeights(values, axis, zeros, outputs, values.elements() / outputs, shift);
  }

  boolean isMatrix() {
    return values.shape().rank() == 2;
  }

  /** The weight as the device stores it. */
  double stored(long output, long index) {
    return values.doubleAt(axis == 0 ? output * summed + index : index * outputs + output) - shift;
  }

  /** The zero point as the device stores it. */
  long zero(long output) {
    return (zeros == null ? 0 : zeros.longAt(zeros.elements() == 1 ? 0 : output)) - shift;
  }

  /** Whether what the device stores is around 0. */
  boolean isCentred() {
    return LongStream.range(0, zeros == null ? 1 : zeros.elements()).allMatch(i -> zero(i) == 0);
  }

  /** The sum of an output channel's weights, each less the zero point. */
  double sum(long output) {
    return LongStream.range(0, summed).mapToDouble(i -> stored(output, i)).sum()
        - (double) zero(output) * summed;
  }
}
