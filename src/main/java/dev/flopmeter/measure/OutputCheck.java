package dev.flopmeter.measure;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import java.util.Map;

/**
 * Compares a plan's outputs with a reference's, before any of its times count. A fast but wrong
 * answer is not a result.
 */
final class OutputCheck {
  private OutputCheck() {}

  /**
   * The largest allowed relative L2 distance of a precision, end to end. float32 differs only by
   * the order of additions; the others round every product's inputs to 10 (TF32, float16) or 7
   * (bfloat16) bits of mantissa, which over tens of layers adds up to several roundings' worth.
   */
  static double tolerance(Precision precision) {
    return switch (precision) {
      case FP32 -> 1e-3;
      case TF32 -> 1e-2;
      case FP16 -> 2e-2;
      case BF16 -> 8e-2;
      case INT8 -> 5e-2;
      case FP8 -> 1e-1;
    };
  }

  /**
   * The largest ||out - ref|| / ||ref|| over the outputs; infinite where an output is missing, has
   * another shape, or holds NaN or infinity where the reference does not.
   */
  static double relativeL2(Map<String, Tensor> outputs, Map<String, Tensor> reference) {
    double worst = 0;
    for (Map.Entry<String, Tensor> entry : reference.entrySet()) {
      Tensor output = outputs.get(entry.getKey());
      if (output == null || !output.shape().equals(entry.getValue().shape())) {
        return Double.POSITIVE_INFINITY;
      }
      worst = Math.max(worst, relativeL2(output, entry.getValue()));
    }
    return worst;
  }

  private static double relativeL2(Tensor output, Tensor reference) {
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < reference.elements(); i++) {
      double expected = reference.doubleAt(i);
      double actual = output.doubleAt(i);
      if (Double.isFinite(expected) && Double.isFinite(actual)) {
        difference += (actual - expected) * (actual - expected);
        norm += expected * expected;
      } else if (Double.compare(expected, actual) != 0) {
        return Double.POSITIVE_INFINITY;
      }
    }
    return difference == 0 ? 0 : Math.sqrt(difference / norm);
  }
}
