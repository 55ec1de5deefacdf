package dev.flopmeter.model.shape;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.stream.LongStream;

/** The axes that a reduction reduces. */
public final class ReducedAxes {
  private ReducedAxes() {}

  /** In ascending order; none if nothing is reduced. */
  public static long[] axes(Operands in) {
    Shape shape = in.shape(0);
    long[] asked = in.integers("axes", 1).orElse(new long[0]);
    return asked.length == 0 && !in.attributes().flag("noop_with_empty_axes", false)
        ? LongStream.range(0, shape.rank()).toArray()
        : LongStream.of(asked).map(shape::axis).sorted().toArray();
  }
}
