package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import java.util.List;
import java.util.Map;

/** The distance of results from the expected ones, as one number. */
public final class Comparison {
  private Comparison() {}

  /** The L2 norm of all differences over that of the expected values. */
  public static double relativeL2(Map<String, Tensor> expected, Map<String, Tensor> actual) {
    double difference = 0;
    double size = 0;
    for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
      Tensor found = actual.get(entry.getKey());
      if (found == null || !found.type().equals(entry.getValue().type())) {
        throw new AssertionError("the output '" + entry.getKey() + "' is " + found);
      }
      for (long i = 0; i < found.elements(); i++) {
        double wanted = entry.getValue().doubleAt(i);
        double error = found.doubleAt(i) - wanted;
        difference += error * error;
        size += wanted * wanted;
      }
    }
    return Math.sqrt(difference / Math.max(size, 1e-30));
  }

  /** The precisions that support any network. */
  static final List<Precision> OF_FLOATS =
      List.of(Precision.FP32, Precision.TF32, Precision.FP16, Precision.BF16);

  /** The tolerance: storage rounding, with ten or seven mantissa bits, through tens of layers. */
  public static double limit(Precision precision) {
    return switch (precision) {
      case FP32 -> 1e-4;
      case TF32 -> 1e-2;
      case FP16 -> 1e-2;
      case BF16 -> 8e-2;
      case INT8 -> 5e-2;
      case FP8 -> 1e-1;
    };
  }
}
