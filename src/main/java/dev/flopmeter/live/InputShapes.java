package dev.flopmeter.live;

import dev.flopmeter.model.Shape;
import java.util.List;

/** The shapes of one call's inputs, batch first. */
public record InputShapes(List<Shape> shapes) {
  public InputShapes {
    shapes = List.copyOf(shapes);
    if (shapes.isEmpty()) {
      throw new IllegalArgumentException("a call requires the shape of at least one input");
    }
  }

  public static InputShapes of(Shape... shapes) {
    return new InputShapes(List.of(shapes));
  }

  /** The leading dimension of the first input; 1 if that is a scalar. */
  public long batch() {
    Shape first = shapes.get(0);
    return first.rank() == 0 ? 1 : first.dim(0);
  }

  /** {@code 8x3x224x224, 8x10}. */
  @Override
  public String toString() {
    return String.join(", ", shapes.stream().map(Shape::toString).toList());
  }
}
