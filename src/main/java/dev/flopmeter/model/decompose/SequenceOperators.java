package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Arrays;
import java.util.List;

/** ONNX's functions that write into, turn, crop or convolve along one axis, and SwiGLU. */
final class SequenceOperators {
  private SequenceOperators() {}

  static void addTo(BodyTable table) {
    table.put(
        "SwiGLU",
        b -> {
          Attributes alpha = Attributes.of("alpha", b.number("alpha", 1));
          return b.times(b.add("Swish", alpha, b.input(0)), b.input(1));
        });
    table.put("TensorScatter", SequenceOperators::tensorScatter);
    table.put("ReverseSequence", SequenceOperators::reverseSequence);
    table.put("CenterCropPad", SequenceOperators::centerCropPad);
    table.putAll("CausalConvWithState", SequenceOperators::causalConvolution);
  }

  /** The numbers from 0 on along one axis of a value. */
  private static String places(Body b, Shape shape, int axis) {
    long[] dims = new long[shape.rank()];
    Arrays.fill(dims, 1);
    dims[axis] = shape.dim(axis);
    return b.range(dims);
  }

  /** One number for each element of an axis, to be broadcast along the others. */
  private static String along(Body b, int input, Shape shape, int axis) {
    long[] dims = new long[shape.rank()];
    Arrays.fill(dims, 1);
    dims[axis] = shape.dim(axis);
    return b.reshaped(b.long64(b.input(input)), dims);
  }

  private static String tensorScatter(Body b) {
    Shape update = b.shape(1);
    int axis = update.axis(b.attributes().integer("axis", -2));
    String index = places(b, update, axis);
    if (b.has(2)) {
      index = b.plus(index, along(b, 2, update, 0));
    }
    if (b.text("mode", "linear").equals("circular")) {
      index = b.add("Mod", index, b.constant(Tensor.ofLong(b.shape(0).dim(axis))));
    }
    String all = b.add("Expand", index, b.longs(update.dims()));
    Attributes along = Attributes.of("axis", (long) axis);
    return b.add("ScatterElements", along, b.input(0), all, b.input(1));
  }

  /** Each sequence of the batch is reversed up to its own length. */
  private static String reverseSequence(Body b) {
    Shape shape = b.shape(0);
    int time = shape.axis(b.attributes().integer("time_axis", 0));
    String step = places(b, shape, time);
    String length = along(b, 1, shape, shape.axis(b.attributes().integer("batch_axis", 1)));
    String mirrored = b.minus(b.minus(length, step), b.constant(Tensor.ofLong(1)));
    String index = b.where(b.add("Less", step, length), mirrored, step);
    String all = b.add("Expand", index, b.longs(shape.dims()));
    return b.add("GatherElements", Attributes.of("axis", (long) time), b.input(0), all);
  }

  private static String centerCropPad(Body b) {
    long[] from = b.shape(0).dims();
    long[] to = b.in().output(0).shape().dims();
    long[] pads = new long[2 * from.length];
    for (int axis = 0; axis < from.length; axis++) {
      long more = to[axis] - from[axis];
      pads[axis] = more < 0 ? -(-more / 2) : more / 2;
      pads[from.length + axis] = more - pads[axis];
    }
    return b.add("Pad", b.input(0), b.longs(pads));
  }

  /** The state is what the kernel still sees of the past: its width less one. */
  private static List<String> causalConvolution(Body b) {
    long channels = b.shape(1).dim(0);
    long kept = b.shape(1).dim(2) - 1;
    long length = b.shape(0).dim(2);
    String all =
        b.has(3)
            ? b.concat(2, b.input(3), b.input(0))
            : b.add("Pad", b.input(0), b.longs(0, 0, kept, 0, 0, 0));
    Attributes grouped = Attributes.of("group", channels);
    String y =
        b.has(2)
            ? b.add("Conv", grouped, all, b.input(1), b.input(2))
            : b.add("Conv", grouped, all, b.input(1));
    boolean isPlain = b.text("activation", "none").equals("none");
    return List.of(
        isPlain ? y : b.add("Swish", Attributes.NONE, y), b.slice(all, 2, length, length + kept));
  }
}
