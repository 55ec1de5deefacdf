package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Sampling at given places, and selections whose size only the data tells. */
final class SamplingShapes {
  private SamplingShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("GridSample", SamplingShapes::gridSample);
    rules.put("AffineGrid", SamplingShapes::affineGrid);
    for (String op : List.of("NonZero", "Compress", "Unique", "NonMaxSuppression")) {
      rules.put(
          op,
          in -> {
            throw new DataDependentException(in.node().outputs().get(0));
          });
    }
  }

  private static List<TensorType> gridSample(Operands in) {
    Shape x = in.shape(0);
    Shape grid = in.shape(1);
    if (x.rank() != grid.rank() || x.rank() < 3 || grid.dim(-1) != x.rank() - 2) {
      throw new ModelException("the grid " + grid + " does not fit the input " + x);
    }
    return List.of(in.type(0).withShape(x.slice(0, 2).concat(grid.slice(1, grid.rank() - 1))));
  }

  private static List<TensorType> affineGrid(Operands in) {
    Shape size = Shape.of(in.requireValue(1).toLongs());
    return List.of(
        in.type(0)
            .withShape(
                Shape.of(size.dim(0))
                    .concat(size.slice(2, size.rank()))
                    .concat(Shape.of(size.rank() - 2))));
  }
}
