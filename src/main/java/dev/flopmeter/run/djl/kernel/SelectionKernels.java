package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.SliceRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Picking, cutting and padding. */
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
    rules.put("NonZero", in -> Kernel.of("torch.t(torch.nonzero(x0))"));
    rules.put("Range", SelectionKernels::range);
    rules.put("ConstantOfShape", SelectionKernels::constantOfShape);
    rules.put("Compress", SelectionKernels::compress);
    rules.put("Trilu", SelectionKernels::trilu);
    rules.put("OneHot", SelectionKernels::oneHot);
    rules.put("EyeLike", SelectionKernels::eyeLike);
    rules.put("Unique", UniqueKernel::of);
    rules.put("TensorScatter", SelectionKernels::tensorScatter);
  }

  private static Kernel slice(Operands in) {
    SliceRange[] ranges = SliceRange.of(in);
    Shape shape = in.shape(0);
    String result = "x0";
    List<Tensor> brought = new ArrayList<>();
    for (int axis = 0; axis < ranges.length; axis++) {
      SliceRange range = ranges[axis];
      if (range.step() == 1 && range.count() == shape.dim(axis)) {
        continue;
      }
      if (range.step() > 0) {
        long end = range.start() + range.count() * range.step();
        result =
            "torch.slice("
                + String.join(
                    ", ",
                    result,
                    Integer.toString(axis),
                    Long.toString(range.start()),
                    Long.toString(Math.min(end, shape.dim(axis))),
                    Long.toString(range.step()))
                + ")";
      } else {
        long[] indices =
            LongStream.range(0, range.count()).map(i -> range.start() + i * range.step()).toArray();
        result = "torch.index_select(" + result + ", " + axis + ", c" + brought.size() + ")";
        brought.add(Tensor.ofLongs(indices));
      }
    }
    return Kernel.of(result).bringing(brought);
  }

  /** The expression of input {@code index} as int64 with negative entries counted from the end. */
  private static String indices(Operands in, int index, long size) {
    String wide = "torch.to(x" + index + ", " + TorchTypes.INT64 + ")";
    boolean positive =
        in.value(index)
            .map(value -> LongStream.of(value.toLongs()).allMatch(i -> i >= 0))
            .orElse(false);
    return positive
        ? wide
        : "torch.where(torch.lt(x"
            + index
            + ", 0), torch.add("
            + wide
            + ", "
            + size
            + "), "
            + wide
            + ")";
  }

  private static Kernel gather(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", 0));
    if (in.value(1).isPresent() && in.shape(1).rank() == 0) {
      return Kernel.of("torch.select(x0, " + axis + ", " + in.requireValue(1).longAt(0) + ")");
    }
    String flat = "torch.reshape(" + indices(in, 1, shape.dim(axis)) + ", [-1])";
    Shape out =
        shape.slice(0, axis).concat(in.shape(1)).concat(shape.slice(axis + 1, shape.rank()));
    return Kernel.of(
        LayoutKernels.reshaped("torch.index_select(x0, " + axis + ", " + flat + ")", out.dims()));
  }

  private static Kernel gatherElements(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
    return Kernel.of(
        "torch.gather(x0, " + axis + ", " + indices(in, 1, in.shape(0).dim(axis)) + ")");
  }

  /** Index tuples turned into indices of rows, of which each batch has its own block. */
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
    List<String> lines = new ArrayList<>(rowIndices(in, shape, batch, width));
    lines.add("i = " + LayoutKernels.reshaped("i", blocks, picked));
    lines.add(
        "i = torch.add(i, torch.mul(torch.unsqueeze(torch.arange("
            + blocks
            + "), 1), "
            + rows
            + "))");
    lines.add(
        "y = torch.index_select("
            + LayoutKernels.reshaped("x0", blocks * rows, inner)
            + ", 0, torch.reshape(i, [-1]))");
    lines.add("return " + LayoutKernels.reshaped("y", out.dims()));
    return Kernel.statements(1, lines.toArray(String[]::new));
  }

  /** Statements that leave in {@code i} the flat row index of every tuple. */
  private static List<String> rowIndices(Operands in, Shape shape, int from, int width) {
    List<String> lines = new ArrayList<>();
    lines.add("t = torch.to(x1, " + TorchTypes.INT64 + ")");
    lines.add("i = torch.zeros_like(torch.select(torch.constant_pad_nd(t, [0, 1], 0), -1, 0))");
    for (int k = 0; k < width; k++) {
      long size = shape.dim(from + k);
      lines.add("k = torch.select(t, -1, " + k + ")");
      lines.add("k = torch.where(torch.lt(k, 0), torch.add(k, " + size + "), k)");
      lines.add("i = torch.add(torch.mul(i, " + size + "), k)");
    }
    if (in.shape(1).rank() == 0) {
      throw new ModelException("the indices must have at least one dimension");
    }
    return lines;
  }

  private static Kernel scatterElements(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
    String index = indices(in, 1, in.shape(0).dim(axis));
    String reduction = in.attributes().text("reduction", "none");
    if (reduction.equals("none")) {
      return Kernel.of("torch.scatter(x0, " + axis + ", " + index + ", x2)");
    }
    return Kernel.of(
        "torch.scatter_reduce(x0, "
            + axis
            + ", "
            + index
            + ", x2, \""
            + reduce(in, reduction)
            + "\")");
  }

  private static String reduce(Operands in, String reduction) {
    return switch (reduction) {
      case "add" -> "sum";
      case "mul" -> "prod";
      case "max" -> "amax";
      case "min" -> "amin";
      default -> throw Kernels.unsupported(in, "reduction '" + reduction + "'");
    };
  }

  private static Kernel scatterNd(Operands in) {
    Shape shape = in.shape(0);
    Shape tuples = in.shape(1);
    int width = (int) tuples.dim(-1);
    long rows = shape.elements(0, width);
    long inner = shape.elements(width, shape.rank());
    long picked = tuples.elements(0, tuples.rank() - 1);
    List<String> lines = new ArrayList<>(rowIndices(in, shape, 0, width));
    lines.add(
        "i = torch.expand(torch.reshape(i, " + ints(picked, 1) + "), " + ints(picked, inner) + ")");
    lines.add("d = " + LayoutKernels.reshaped("x0", rows, inner));
    lines.add("u = " + LayoutKernels.reshaped("x2", picked, inner));
    String reduction = in.attributes().text("reduction", "none");
    lines.add(
        reduction.equals("none")
            ? "y = torch.scatter(d, 0, i, u)"
            : "y = torch.scatter_reduce(d, 0, i, u, \"" + reduce(in, reduction) + "\")");
    lines.add("return " + LayoutKernels.reshaped("y", shape.dims()));
    return Kernel.statements(1, lines.toArray(String[]::new));
  }

  private static Kernel pad(Operands in) {
    Shape shape = in.shape(0);
    int rank = shape.rank();
    long[] asked = in.integers("pads", 1).orElseThrow();
    long[] begin = new long[rank];
    long[] end = new long[rank];
    long[] axes = in.has(3) ? in.requireValue(3).toLongs() : LongStream.range(0, rank).toArray();
    for (int i = 0; i < axes.length; i++) {
      int axis = shape.axis(axes[i]);
      begin[axis] = asked[i];
      end[axis] = asked[axes.length + i];
    }
    String mode = in.attributes().text("mode", "constant");
    if (mode.equals("constant")) {
      return Kernel.of(WindowKernels.padded("x0", begin, end, fill(in)));
    }
    String result = "x0";
    List<Tensor> brought = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      if (begin[axis] != 0 || end[axis] != 0) {
        result = "torch.index_select(" + result + ", " + axis + ", c" + brought.size() + ")";
        brought.add(sources(in, mode, shape.dim(axis), begin[axis], end[axis]));
      }
    }
    return Kernel.of(result).bringing(brought);
  }

  private static String fill(Operands in) {
    if (!in.has(2)) {
      return Text.number(in.type(0).type(), in.attributes().number("value", 0));
    }
    return Text.number(in.type(0).type(), in.requireValue(2).doubleAt(0));
  }

  /** Which element each place of a padded axis repeats. */
  private static Tensor sources(Operands in, String mode, long size, long begin, long end) {
    long count = size + begin + end;
    long[] from = new long[(int) count];
    for (int i = 0; i < from.length; i++) {
      long at = i - begin;
      from[i] =
          switch (mode) {
            case "edge" -> Math.max(0, Math.min(size - 1, at));
            case "reflect" -> reflected(at, size);
            case "wrap" -> Math.floorMod(at, size);
            default -> throw Kernels.unsupported(in, "mode '" + mode + "'");
          };
    }
    return DenseTensor.ofLongs(Shape.of(count), from);
  }

  private static long reflected(long at, long size) {
    if (size == 1) {
      return 0;
    }
    long period = 2 * (size - 1);
    long place = Math.floorMod(at, period);
    return place < size ? place : period - place;
  }

  private static Kernel range(Operands in) {
    DataType type = in.type(0).type();
    String first = Text.number(type, in.requireValue(0).doubleAt(0));
    String step = Text.number(type, in.requireValue(2).doubleAt(0));
    return Kernel.of(
        "torch.add(torch.mul(torch.arange("
            + in.output(0).elements()
            + ", dtype="
            + Kernels.code(in, type)
            + "), "
            + step
            + "), "
            + first
            + ")");
  }

  private static Kernel constantOfShape(Operands in) {
    DataType type = in.output(0).type();
    double value = in.attributes().tensor("value").map(tensor -> tensor.doubleAt(0)).orElse(0.0);
    return Kernel.of(
        "torch.full("
            + ints(in.requireValue(0).toLongs())
            + ", "
            + Text.number(type, value)
            + ", dtype="
            + Kernels.code(in, type)
            + ")");
  }

  private static Kernel compress(Operands in) {
    String chosen = "torch.reshape(torch.nonzero(torch.reshape(x1, [-1])), [-1])";
    if (!in.attributes().has("axis")) {
      return Kernel.of("torch.index_select(torch.reshape(x0, [-1]), 0, " + chosen + ")");
    }
    int axis = in.shape(0).axis(in.attributes().integer("axis"));
    return Kernel.of("torch.index_select(x0, " + axis + ", " + chosen + ")");
  }

  private static Kernel trilu(Operands in) {
    long k = in.has(1) ? in.requireValue(1).longAt(0) : 0;
    boolean upper = in.attributes().flag("upper", true);
    return Kernel.of("torch." + (upper ? "triu" : "tril") + "(x0, " + k + ")");
  }

  private static Kernel oneHot(Operands in) {
    long depth = in.requireValue(1).longAt(0);
    int rank = in.shape(0).rank() + 1;
    long asked = in.attributes().integer("axis", -1);
    int axis = (int) (asked < 0 ? asked + rank : asked);
    return Kernel.statements(
        1,
        "i = torch.where(torch.lt(x0, 0), torch.add(x0, " + depth + "), x0)",
        "i = torch.unsqueeze(i, " + axis + ")",
        "on = torch.eq(i, torch.reshape(torch.arange("
            + depth
            + "), "
            + NormKernels.alongAxis(rank, axis, depth)
            + "))",
        "return torch.where(on, torch.select(x2, 0, 1), torch.select(x2, 0, 0))");
  }

  private static Kernel eyeLike(Operands in) {
    Shape shape = in.shape(0);
    long k = in.attributes().integer("k", 0);
    String ones =
        "torch.ones("
            + ints(shape.dims())
            + ", dtype="
            + Kernels.code(in, in.output(0).type())
            + ")";
    return Kernel.of("torch.tril(torch.triu(" + ones + ", " + k + "), " + k + ")");
  }

  /** Writes new steps into a cache, from each batch's own index on; a circular one begins anew. */
  private static Kernel tensorScatter(Operands in) {
    Shape cache = in.shape(0);
    Shape update = in.shape(1);
    int axis = cache.axis(in.attributes().integer("axis", -2));
    String steps =
        "torch.reshape(torch.arange("
            + update.dim(axis)
            + "), "
            + NormKernels.alongAxis(cache.rank(), axis, update.dim(axis))
            + ")";
    String start =
        in.has(2)
            ? "torch.reshape(x2, " + NormKernels.alongAxis(cache.rank(), 0, cache.dim(0)) + ")"
            : "0";
    String index = "torch.add(" + steps + ", " + start + ")";
    if (in.attributes().text("mode", "linear").equals("circular")) {
      index = "torch.remainder(" + index + ", " + cache.dim(axis) + ")";
    }
    return Kernel.of(
        "torch.scatter(x0, "
            + axis
            + ", torch.expand("
            + index
            + ", "
            + ints(update.dims())
            + "), x1)");
  }
}
