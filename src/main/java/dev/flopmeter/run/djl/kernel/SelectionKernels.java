package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.constant;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.PaddedAxis;
import dev.flopmeter.model.shape.SliceRange;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Gathering, scattering, slicing and padding. */
final class SelectionKernels {
  private SelectionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Slice", SelectionKernels::slice);
    rules.put("Gather", SelectionKernels::gather);
    rules.put("GatherElements", SelectionKernels::gatherElements);
    rules.put("GatherND", SelectionKernels::gatherNd);
    rules.put("ScatterElements", SelectionKernels::scatterElements);
    rules.put("Scatter", SelectionKernels::scatterElements);
    rules.put("ScatterND", SelectionKernels::scatterNd);
    rules.put("Pad", SelectionKernels::pad);
    rules.put("NonZero", in -> Kernel.of(call("t", call("nonzero", input(0)))));
    rules.put("ConstantOfShape", SelectionKernels::constantOfShape);
    rules.put("Trilu", SelectionKernels::trilu);
  }

  private static Kernel slice(Operands in) {
    SliceRange[] ranges = SliceRange.of(in);
    Shape shape = in.shape(0);
    Expression result = input(0);
    for (int axis = 0; axis < ranges.length; axis++) {
      SliceRange range = ranges[axis];
      if (range.step() == 1 && range.count() == shape.dim(axis)) {
        continue;
      }
      long start = range.start();
      long step = range.step();
      if (step > 0) {
        long end = Math.min(start + range.count() * step, shape.dim(axis));
        result = call("slice", result, axis, start, end, step);
      } else {
        long[] places = LongStream.range(0, range.count()).map(i -> start + i * step).toArray();
        result = call("index_select", result, axis, constant(Tensor.ofLongs(places)));
      }
    }
    return Kernel.of(result);
  }

  /** Input {@code index} as int64 with negative entries counted from the end. */
  private static Expression indices(Operands in, int index, long size) {
    Expression wide = input(index).to(ScalarTypes.INT64);
    boolean isPositive =
        in.value(index)
            .map(value -> LongStream.of(value.toLongs()).allMatch(i -> i >= 0))
            .orElse(false);
    return isPositive ? wide : wrapped(wide, size);
  }

  private static Expression wrapped(Expression index, long size) {
    return call("where", call("lt", index, 0), index.plus(size), index);
  }

  private static Kernel gather(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", 0));
    if (in.value(1).isPresent() && in.shape(1).rank() == 0) {
      return Kernel.of(input(0).select(axis, in.requireValue(1).longAt(0)));
    }
    Expression flat = indices(in, 1, shape.dim(axis)).reshaped(-1);
    Shape out =
        shape.slice(0, axis).concat(in.shape(1)).concat(shape.slice(axis + 1, shape.rank()));
    return Kernel.of(call("index_select", input(0), axis, flat).reshaped(out.dims()));
  }

  private static Kernel gatherElements(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
    return Kernel.of(call("gather", input(0), axis, indices(in, 1, in.shape(0).dim(axis))));
  }

  /** Converts index tuples to row indices within the block of each batch. */
  private static Kernel gatherNd(Operands in) {
    int batch = (int) in.attributes().integer("batch_dims", 0);
    Shape shape = in.shape(0);
    Shape tuples = in.shape(1);
    int width = (int) tuples.dim(-1);
    long blocks = shape.elements(0, batch);
    long rows = shape.elements(batch, batch + width);
    long inner = shape.elements(batch + width, shape.rank());
    long picked = tuples.elements(batch, tuples.rank() - 1);
    Shape out = tuples.slice(0, tuples.rank() - 1).concat(shape.slice(batch + width, shape.rank()));
    Expression tuple = rowIndices(in, shape, batch, width).reshaped(blocks, picked);
    Expression block = call("arange", blocks).reshaped(-1, 1).times(rows);
    Expression chosen =
        call(
            "index_select",
            input(0).reshaped(blocks * rows, inner),
            0,
            tuple.plus(block).reshaped(-1));
    return Kernel.of(chosen.reshaped(out.dims())).reportedAs("index_select");
  }

  /** The flat row index of every tuple. */
  private static Expression rowIndices(Operands in, Shape shape, int from, int width) {
    if (in.shape(1).rank() == 0) {
      throw new ModelException("the indices must have at least one dimension");
    }
    Expression tuples = input(1).to(ScalarTypes.INT64);
    Expression flat =
        call("zeros_like", call("constant_pad_nd", tuples, new long[] {0, 1}, 0).select(-1, 0));
    for (int k = 0; k < width; k++) {
      long size = shape.dim(from + k);
      Expression index = wrapped(tuples.select(-1, k), size);
      flat = flat.times(size).plus(index);
    }
    return flat;
  }

  private static Kernel scatterElements(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
    Expression index = indices(in, 1, in.shape(0).dim(axis));
    return Kernel.of(scattered(in, input(0), axis, index, input(2)));
  }

  private static Expression scattered(
      Operands in, Expression data, int axis, Expression index, Expression updates) {
    String reduction = in.attributes().text("reduction", "none");
    if (reduction.equals("none")) {
      return call("scatter", data, axis, index, updates);
    }
    Expression function =
        switch (reduction) {
          case "add" -> word("sum");
          case "mul" -> word("prod");
          case "max" -> word("amax");
          case "min" -> word("amin");
          default -> throw Kernels.unsupported(in, "reduction '" + reduction + "'");
        };
    return call("scatter_reduce", data, axis, index, updates, function);
  }

  private static Kernel scatterNd(Operands in) {
    Shape shape = in.shape(0);
    Shape tuples = in.shape(1);
    int width = (int) tuples.dim(-1);
    long rows = shape.elements(0, width);
    long inner = shape.elements(width, shape.rank());
    long picked = tuples.elements(0, tuples.rank() - 1);
    Expression index =
        call(
            "expand",
            rowIndices(in, shape, 0, width).reshaped(picked, 1),
            new long[] {picked, inner});
    Expression result =
        scattered(in, input(0).reshaped(rows, inner), 0, index, input(2).reshaped(picked, inner));
    return Kernel.of(result.reshaped(shape.dims()));
  }

  private static Kernel pad(Operands in) {
    PaddedAxis[] axes = PaddedAxis.of(in);
    String mode = in.attributes().text("mode", "constant");
    if (mode.equals("constant")) {
      long[] begin = Stream.of(axes).mapToLong(PaddedAxis::before).toArray();
      long[] end = Stream.of(axes).mapToLong(PaddedAxis::after).toArray();
      return Kernel.of(WindowKernels.padded(input(0), begin, end, fill(in)));
    }
    Expression result = input(0);
    for (int axis = 0; axis < axes.length; axis++) {
      if (axes[axis].before() != 0 || axes[axis].after() != 0) {
        Tensor places = Tensor.ofLongs(axes[axis].sources(mode));
        result = call("index_select", result, axis, constant(places));
      }
    }
    return Kernel.of(result);
  }

  private static Expression fill(Operands in) {
    double value = in.has(2) ? in.requireValue(2).doubleAt(0) : in.attributes().number("value", 0);
    return number(in.type(0).type(), value);
  }

  private static Kernel constantOfShape(Operands in) {
    DataType type = in.output(0).type();
    double value = in.attributes().tensor("value").map(tensor -> tensor.doubleAt(0)).orElse(0.0);
    return Kernel.of(
        call(
            "full",
            in.requireValue(0).toLongs(),
            number(type, value),
            dtype(Kernels.code(in, type))));
  }

  private static Kernel trilu(Operands in) {
    long k = in.has(1) ? in.requireValue(1).longAt(0) : 0;
    boolean upper = in.attributes().flag("upper", true);
    return Kernel.of(upper ? call("triu", input(0), k) : call("tril", input(0), k));
  }
}
