package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Shape;

/** Further operators of the domain {@code com.microsoft}. */
final class ContribOperators {
  private ContribOperators() {}

  /**
   * The softmax of ONNX's opset {@code opset}, an attribute: before 13 over all axes from {@code
   * axis} on.
   */
  static String softmax(Body b, String x, long absent) {
    long axis = b.attributes().integer("axis", absent);
    Shape shape = b.shape(x);
    if (b.attributes().integer("opset", 13) >= 13) {
      return b.add("Softmax", Attributes.of("axis", axis), x);
    }
    int from = axis == shape.rank() ? shape.rank() : shape.axis(axis);
    String rows = b.reshaped(x, shape.elements(0, from), shape.elements(from, shape.rank()));
    return b.reshaped(b.add("Softmax", rows), shape.dims());
  }
}
