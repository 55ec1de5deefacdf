package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Operators that join, cut, pad or resize along axes. */
final class SelectionShapes {
  private SelectionShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("TensorScatter", in -> List.of(in.type(0)));
    rules.put("Concat", SelectionShapes::concat);
    rules.put("Split", SelectionShapes::split);
    rules.put("Slice", SelectionShapes::slice);
    rules.put("Pad", SelectionShapes::pad);
    rules.put("Resize", SelectionShapes::resize);
    rules.put("Upsample", SelectionShapes::resize);
  }

  private static List<TensorType> concat(Operands in) {
    Shape first = in.shape(0);
    int axis =
        first.axis(
            in.opset() < 4 ? in.attributes().integer("axis", 1) : in.attributes().integer("axis"));
    long total = 0;
    for (int i = 0; i < in.inputCount(); i++) {
      Shape shape = in.shape(i);
      if (shape.rank() != first.rank() || !shape.with(axis, first.dim(axis)).equals(first)) {
        throw new ModelException(
            "the shapes " + first + " and " + shape + " cannot be joined along axis " + axis);
      }
      if (in.type(i).type() != in.type(0).type()) {
        throw new ModelException("a " + in.type(0) + " and a " + in.type(i) + " cannot be joined");
      }
      total = Sizes.add(total, shape.dim(axis));
    }
    return List.of(in.type(0).withShape(first.with(axis, total)));
  }

  private static List<TensorType> split(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", 0));
    long size = shape.dim(axis);
    long[] parts = in.integers("split", 1).orElseGet(() -> evenParts(size, in.outputCount()));
    if (Arrays.stream(parts).reduce(0, Sizes::add) != size || parts.length < in.outputCount()) {
      throw new ModelException(
          "axis " + axis + " of " + shape + " cannot be split into " + Arrays.toString(parts));
    }
    return Arrays.stream(parts)
        .mapToObj(part -> in.type(0).withShape(shape.with(axis, part)))
        .toList();
  }

  /** Equal parts, the last one smaller where they do not divide evenly. */
  private static long[] evenParts(long size, int count) {
    if (count == 0) {
      throw new ModelException("a Split needs outputs");
    }
    long part = Sizes.ceilDiv(size, count);
    long[] parts = new long[count];
    for (int i = 0; i < count; i++) {
      parts[i] = Math.max(0, Math.min(part, size - i * part));
    }
    return parts;
  }

  private static List<TensorType> slice(Operands in) {
    SliceRange[] ranges = SliceRange.of(in);
    long[] dims = new long[ranges.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = ranges[i].count();
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }

  private static List<TensorType> pad(Operands in) {
    long[] dims = Stream.of(PaddedAxis.of(in)).mapToLong(PaddedAxis::length).toArray();
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }

  /** Resize since opset 10 and Upsample before it: by scales or to sizes. */
  private static List<TensorType> resize(Operands in) {
    Shape shape = in.shape(0);
    boolean upsample = in.node().op().equals("Upsample");
    int scalesAt = upsample || in.opset() < 11 ? 1 : 2;
    long[] axes =
        in.attributes()
            .integers("axes")
            .orElseGet(() -> java.util.stream.LongStream.range(0, shape.rank()).toArray());
    long[] dims = shape.dims();
    if (!upsample && in.has(3) && in.type(3).elements() > 0) {
      long[] sizes = in.requireLongs(3);
      requireCount(sizes.length, axes.length, shape);
      resizeTo(
          dims, shape, axes, sizes, in.attributes().text("keep_aspect_ratio_policy", "stretch"));
      return List.of(in.type(0).withShape(Shape.of(dims)));
    }
    double[] scales = scales(in, scalesAt);
    requireCount(scales.length, axes.length, shape);
    for (int i = 0; i < axes.length; i++) {
      int axis = shape.axis(axes[i]);
      if (!(scales[i] > 0)) {
        throw new ModelException(
            "the scale of axis " + axis + " is " + scales[i] + ", not above 0");
      }
      dims[axis] = (long) Math.floor(dims[axis] * scales[i]);
    }
    return List.of(in.type(0).withShape(Shape.of(dims)));
  }

  private static double[] scales(Operands in, int index) {
    float[] attribute = in.attributes().numbers("scales").orElse(null);
    if (attribute != null) {
      double[] scales = new double[attribute.length];
      for (int i = 0; i < scales.length; i++) {
        scales[i] = attribute[i];
      }
      return scales;
    }
    return in.requireDoubles(index);
  }

  private static void requireCount(int given, int axes, Shape shape) {
    if (given != axes) {
      throw new ModelException(
          given + " scales or sizes do not fit the " + axes + " axes of " + shape);
    }
  }

  private static void resizeTo(long[] dims, Shape shape, long[] axes, long[] sizes, String policy) {
    double scale = Double.NaN;
    for (int i = 0; i < axes.length; i++) {
      double ratio = (double) sizes[i] / shape.dim(shape.axis(axes[i]));
      if (Double.isNaN(scale)) {
        scale = ratio;
      } else {
        scale = policy.equals("not_smaller") ? Math.max(scale, ratio) : Math.min(scale, ratio);
      }
    }
    for (int i = 0; i < axes.length; i++) {
      int axis = shape.axis(axes[i]);
      dims[axis] = policy.equals("stretch") ? sizes[i] : Math.round(scale * dims[axis]);
    }
  }
}
