package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Operators that keep the elements and change how they are laid out. */
final class LayoutShapes {
  private LayoutShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("Reshape", LayoutShapes::reshape);
    rules.put("Flatten", LayoutShapes::flatten);
    rules.put("Squeeze", LayoutShapes::squeeze);
    rules.put("Unsqueeze", LayoutShapes::unsqueeze);
    rules.put("Transpose", LayoutShapes::transpose);
    rules.put(
        "Expand",
        in -> List.of(in.type(0).withShape(in.shape(0).broadcast(Shape.of(in.requireLongs(1))))));
    rules.put("Tile", LayoutShapes::tile);
  }

  private static List<TensorType> reshape(Operands in) {
    Shape input = in.shape(0);
    long[] asked =
        in.integers("shape", 1).orElseThrow(() -> new ModelException("the new shape is missing"));
    boolean zeroIsZero = in.attributes().flag("allowzero", false);
    int open = -1;
    for (int i = 0; i < asked.length; i++) {
      if (asked[i] == 0 && !zeroIsZero) {
        asked[i] = input.dim(i);
      } else if (asked[i] == -1) {
        if (open >= 0) {
          throw new ModelException(
              "the new shape " + Arrays.toString(asked) + " leaves two dimensions open");
        }
        open = i;
      }
    }
    if (open >= 0) {
      asked[open] = 1;
      long others = Shape.of(asked).elements();
      asked[open] = others == 0 ? 0 : input.elements() / others;
    }
    Shape out = Shape.of(asked);
    if (out.elements() != input.elements()) {
      throw new ModelException("the input " + input + " cannot take the shape " + out);
    }
    return List.of(in.type(0).withShape(out));
  }

  private static List<TensorType> flatten(Operands in) {
    Shape input = in.shape(0);
    long axis = in.attributes().integer("axis", 1);
    long at = axis < 0 ? axis + input.rank() : axis;
    if (at < 0 || at > input.rank()) {
      throw new ModelException("axis " + axis + " is outside of the shape " + input);
    }
    int split = (int) at;
    Shape matrix = Shape.of(input.elements(0, split), input.elements(split, input.rank()));
    return List.of(in.type(0).withShape(matrix));
  }

  private static List<TensorType> squeeze(Operands in) {
    Shape input = in.shape(0);
    long[] ones =
        LongStream.range(0, input.rank()).filter(axis -> input.dim((int) axis) == 1).toArray();
    long[] axes = in.integers("axes", 1).orElse(ones);
    for (long axis : axes) {
      if (input.dim(input.axis(axis)) != 1) {
        throw new ModelException(
            "axis " + axis + " of " + input + " is not 1 and cannot be squeezed");
      }
    }
    return List.of(in.type(0).withShape(ReductionShapes.without(input, axes, false)));
  }

  private static List<TensorType> unsqueeze(Operands in) {
    Shape input = in.shape(0);
    long[] axes =
        in.integers("axes", 1).orElseThrow(() -> new ModelException("the axes are missing"));
    int rank = input.rank() + axes.length;
    boolean[] added = new boolean[rank];
    for (long axis : axes) {
      long index = axis < 0 ? axis + rank : axis;
      if (index < 0 || index >= rank || added[(int) index]) {
        throw new ModelException(
            "the axes " + Arrays.toString(axes) + " cannot be added to the shape " + input);
      }
      added[(int) index] = true;
    }
    long[] dims = new long[rank];
    int from = 0;
    for (int i = 0; i < rank; i++) {
      dims[i] = added[i] ? 1 : input.dim(from++);
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }

  private static List<TensorType> transpose(Operands in) {
    Shape input = in.shape(0);
    long[] reversed = LongStream.range(0, input.rank()).map(i -> input.rank() - 1 - i).toArray();
    long[] order = in.attributes().integers("perm").orElse(reversed);
    boolean[] seen = new boolean[input.rank()];
    long[] dims = new long[input.rank()];
    if (order.length != dims.length) {
      throw new ModelException(
          "perm " + Arrays.toString(order) + " does not fit the shape " + input);
    }
    for (int i = 0; i < dims.length; i++) {
      int axis = input.axis(order[i]);
      if (seen[axis]) {
        throw new ModelException("perm " + Arrays.toString(order) + " names an axis twice");
      }
      seen[axis] = true;
      dims[i] = input.dim(axis);
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }

  private static List<TensorType> tile(Operands in) {
    long[] dims = in.shape(0).dims();
    if (in.opset() < 6) {
      int axis = in.shape(0).axis(in.requireValue(2).longAt(0));
      dims[axis] = Sizes.multiply(dims[axis], in.requireValue(1).longAt(0));
      return List.of(in.type(0).withShape(Shape.of(dims)));
    }
    long[] repeats = in.requireLongs(1);
    if (repeats.length != dims.length) {
      throw new ModelException(repeats.length + " repeats do not fit the shape " + in.shape(0));
    }
    for (int i = 0; i < dims.length; i++) {
      dims[i] = Sizes.multiply(dims[i], repeats[i]);
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }
}
