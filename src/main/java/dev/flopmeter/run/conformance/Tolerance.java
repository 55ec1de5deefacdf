package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * When two results count as equal: {@code |actual - expected| <= least + relative |expected|},
 * element by element, where the absolute part is at least a share of the largest element, because
 * the difference of large numbers is as inexact as they are.
 *
 * @param relative as a fraction of the expected element
 * @param absolute in the unit of the elements
 * @param ofLargest as a fraction of the largest (finite) magnitude that is expected
 */
public record Tolerance(double relative, double absolute, double ofLargest) {
  /**
   * The tolerance of the ONNX project's own runner if a case states none; but no element needs to
   * be more exact than float32's precision at the largest one.
   */
  public static final Tolerance ONNX = new Tolerance(1e-3, 1e-7, 0x1p-24);

  /** For a network, in which rounding errors accumulate over layers. */
  public static final Tolerance NETWORK = new Tolerance(1e-3, 1e-7, 1e-4);

  /**
   * Two of the 255 steps of 8 bits: if a value lies between two steps, the last bit of a sum
   * decides.
   */
  private static final double QUANTIZED = 2.0 / 255;

  /** The number of layers from which a graph counts as a network. */
  private static final int LAYERS = 3;

  /** In any domain: ONNX Runtime's fused forms start with {@code Fused}. */
  private static final Pattern LAYER =
      Pattern.compile(
          "(.*:)?(Fused)?(Conv|ConvTranspose|Gemm|MatMul|LSTM|GRU|RNN|(MultiHead)?Attention)");

  /**
   * The tolerance of an output of a graph with these operators. An output in a type narrower than
   * float32 may differ by one rounding step of that type, of a 16-bit network by four: there every
   * layer rounds. A network of quantised layers may differ by two steps of 8 bits over its range.
   */
  static Tolerance of(List<String> operators, DataType output) {
    boolean isNetwork = operators.stream().filter(LAYER.asMatchPredicate()).count() >= LAYERS;
    Tolerance base = isNetwork ? NETWORK : ONNX;
    double allowed = (isNetwork && output.bits() == 16 ? 4 : 1) * roundingStep(output);
    boolean isQuantized = operators.stream().filter(OperatorTrait.QUANTIZED::has).count() >= LAYERS;
    double ofLargest = Math.max(base.ofLargest, isQuantized ? QUANTIZED : 0);
    return new Tolerance(
        Math.max(base.relative, allowed), base.absolute, Math.max(ofLargest, allowed));
  }

  /** The distance from 1 to the next number of a narrow type; 0 for all other types. */
  private static double roundingStep(DataType type) {
    return switch (type) {
      case FLOAT16 -> 0x1p-10;
      case BFLOAT16 -> 0x1p-7;
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ -> 0x1p-3;
      case FLOAT8E5M2, FLOAT8E5M2FNUZ -> 0x1p-2;
      case FLOAT4E2M1 -> 0x1p-1;
      default -> 0;
    };
  }

  /** Nothing if {@code actual} is close enough, otherwise the difference in words. */
  public Optional<String> difference(Tensor expected, Tensor actual) {
    if (!expected.type().equals(actual.type())) {
      return Optional.of("is " + actual.type() + ", expected " + expected.type());
    }
    long wrong = 0;
    long first = -1;
    double least = Math.max(absolute, ofLargest * largest(expected));
    for (long i = 0; i < expected.elements(); i++) {
      if (!isClose(expected.doubleAt(i), actual.doubleAt(i), least)) {
        wrong++;
        first = first < 0 ? i : first;
      }
    }
    return wrong == 0
        ? Optional.empty()
        : Optional.of(
            "%s of %s elements differ, the first at %s: %s, expected %s"
                .formatted(
                    wrong,
                    expected.elements(),
                    first,
                    actual.doubleAt(first),
                    expected.doubleAt(first)));
  }

  /** Quantised values cover the whole range from the smallest to the largest, in 255 steps. */
  private double largest(Tensor expected) {
    double low = 0;
    double high = 0;
    for (long i = 0; i < expected.elements() && ofLargest > 0; i++) {
      double value = expected.doubleAt(i);
      low = Double.isFinite(value) ? Math.min(low, value) : low;
      high = Double.isFinite(value) ? Math.max(high, value) : high;
    }
    return ofLargest == QUANTIZED ? high - low : Math.max(high, -low);
  }

  private boolean isClose(double expected, double actual, double least) {
    if (Double.isNaN(expected) || Double.isInfinite(expected)) {
      return Double.compare(expected, actual) == 0;
    }
    return Math.abs(actual - expected) <= least + relative * Math.abs(expected);
  }
}
