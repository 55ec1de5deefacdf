package dev.flopmeter.model.quantize;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;

/**
 * Weights in 8 bits around 0.
 *
 * @param values of the weights' shape
 * @param scale one number for each output channel, of the type of the weights in floats
 */
record QuantizedWeights(Tensor values, Tensor scale) {
  /**
   * The nearest values; the largest magnitude of each channel becomes the type's largest.
   *
   * @param axis of the output channels
   * @param type as of {@link SyntheticQuantization}
   */
  static QuantizedWeights of(Tensor weights, int axis, DataType type) {
    Shape shape = weights.shape();
    int channels = Math.toIntExact(shape.dim(axis));
    long inner = shape.elements(axis + 1, shape.rank());
    double[] scale = new double[channels];
    for (long i = 0; i < weights.elements(); i++) {
      int channel = (int) (i / inner % channels);
      scale[channel] = Math.max(scale[channel], Math.abs(weights.doubleAt(i)));
    }
    for (int channel = 0; channel < channels; channel++) {
      scale[channel] = step(scale[channel], type);
    }
    Tensor steps = DenseTensor.ofDoubles(scaleType(weights, axis), scale);
    TensorType narrow = weights.type().withType(type);
    ByteBuffer values = Elements.allocate(narrow);
    for (long i = 0; i < weights.elements(); i++) {
      double value = weights.doubleAt(i) / steps.doubleAt(i / inner % channels);
      Elements.putDouble(values, type, i, type.isInteger() ? Math.rint(value) : value);
    }
    return new QuantizedWeights(DenseTensor.of(narrow, values), steps);
  }

  /** Weights of the right types, without computing their values. */
  static QuantizedWeights unknown(Tensor weights, int axis, DataType type) {
    return new QuantizedWeights(
        FilledTensor.of(weights.type().withType(type), 1),
        FilledTensor.of(scaleType(weights, axis), 1));
  }

  private static TensorType scaleType(Tensor weights, int axis) {
    return TensorType.of(weights.type().type(), weights.shape().dim(axis));
  }

  /** The scale by which the type reaches {@code largest}; 1 if all values are 0. */
  static double step(double largest, DataType type) {
    return largest == 0 ? 1 : largest / (type == DataType.INT8 ? 127 : 448);
  }
}
