package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Tensor;
import java.util.Optional;

/**
 * When two results count as equal: {@code |actual - expected| <= absolute + relative |expected|},
 * element by element.
 *
 * @param relative as a fraction of the expected element
 * @param absolute in the unit of the elements
 */
public record Tolerance(double relative, double absolute) {
  /** What the ONNX project's own runner takes where a case states nothing. */
  public static final Tolerance ONNX = new Tolerance(1e-3, 1e-7);

  /** Nothing if {@code actual} is close enough, otherwise the difference in words. */
  public Optional<String> difference(Tensor expected, Tensor actual) {
    if (!expected.type().equals(actual.type())) {
      return Optional.of("is " + actual.type() + ", expected " + expected.type());
    }
    long wrong = 0;
    long first = -1;
    for (long i = 0; i < expected.elements(); i++) {
      if (!isClose(expected.doubleAt(i), actual.doubleAt(i))) {
        wrong++;
        first = first < 0 ? i : first;
      }
    }
    return wrong == 0
        ? Optional.empty()
        : Optional.of(
            wrong
                + " of "
                + expected.elements()
                + " elements differ, the first at "
                + first
                + ": "
                + actual.doubleAt(first)
                + ", expected "
                + expected.doubleAt(first));
  }

  private boolean isClose(double expected, double actual) {
    if (Double.isNaN(expected) || Double.isInfinite(expected)) {
      return Double.compare(expected, actual) == 0;
    }
    return Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
  }
}
