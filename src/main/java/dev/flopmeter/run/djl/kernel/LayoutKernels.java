package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.constant;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.inputs;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.script;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Operators that rearrange elements without changing them. */
final class LayoutKernels {
  private LayoutKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    for (String op : OperatorTrait.RESHAPING.operators()) {
      rules.put(op, LayoutKernels::reshape);
    }
    rules.put("Shape", LayoutKernels::shape);
    rules.put("Size", in -> Kernel.of(constant(Tensor.ofLong(in.shape(0).elements()))));
    rules.put("Transpose", LayoutKernels::transpose);
    rules.put("Expand", in -> Kernel.of(call("expand", input(0), in.output(0).shape().dims())));
    rules.put("Tile", LayoutKernels::tile);
    rules.put(
        "Concat",
        in ->
            Kernel.of(call("cat", inputs(0, in.inputCount()), in.attributes().integer("axis", 1))));
    rules.put("Split", LayoutKernels::split);
  }

  /**
   * Tokens become an image with channels last as a view, but for one image PyTorch gives its first
   * axis a stride by which pooling, resizing and joining no longer know that layout, and take 5 to
   * 25 times as long.
   */
  private static Kernel reshape(Operands in) {
    Shape shape = in.output(0).shape();
    Expression reshaped = input(0).reshaped(shape.dims());
    if (shape.rank() != 4 || shape.dim(0) != 1 || shape.dim(1) == 1) {
      return Kernel.of(reshaped);
    }
    long row = shape.dim(3) * shape.dim(1);
    long[] strides = {shape.elements(), 1, row, shape.dim(1)};
    Expression image =
        script(
            """
            result = image
            if result.is_contiguous(memory_format=2):
              result = result.as_strided(dims, strides)
            """,
            named("image", reshaped),
            named("dims", shape.dims()),
            named("strides", strides));
    return Kernel.of(image).reportedAs("reshape");
  }

  /** Used only if the shape is not known before the run. */
  private static Kernel shape(Operands in) {
    Shape shape = in.shape(0);
    int from = bounded(in.attributes().integer("start", 0), shape.rank());
    int to = bounded(in.attributes().integer("end", shape.rank()), shape.rank());
    return Kernel.of(constant(Tensor.ofLongs(shape.slice(from, Math.max(from, to)).dims())));
  }

  private static int bounded(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  /** batch x tokens x (heads width) as batch x heads x tokens x width. */
  static Expression heads(Expression value, Shape shape, long heads) {
    return value.reshaped(shape.dim(0), shape.dim(1), heads, -1).transposed(1, 2);
  }

  /** batch x heads x tokens x width as batch x tokens x (heads width). */
  static Expression joinedHeads(Expression value, long batch, long tokens) {
    return value.transposed(1, 2).reshaped(batch, tokens, -1);
  }

  private static Kernel transpose(Operands in) {
    int rank = in.shape(0).rank();
    long[] order =
        in.attributes()
            .integers("perm")
            .orElseGet(() -> LongStream.range(0, rank).map(i -> rank - 1 - i).toArray());
    return Kernel.of(input(0).permuted(order));
  }

  private static Kernel tile(Operands in) {
    Shape from = in.shape(0);
    long[] repeats = new long[from.rank()];
    if (in.opset() < 6) {
      Arrays.fill(repeats, 1);
      repeats[from.axis(in.requireValue(2).longAt(0))] = in.requireValue(1).longAt(0);
    } else {
      repeats = in.requireValue(1).toLongs();
    }
    return Kernel.of(call("repeat", input(0), repeats));
  }

  private static Kernel split(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
    List<Expression> parts = new ArrayList<>();
    long start = 0;
    for (int i = 0; i < in.outputCount(); i++) {
      long size = in.output(i).shape().dim(axis);
      parts.add(input(0).narrow(axis, start, size));
      start += size;
    }
    return Kernel.of(parts);
  }
}
