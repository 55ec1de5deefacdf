package dev.flopmeter.model;

import java.util.Arrays;

/**
 * How a convolution or pooling slides over its spatial axes: what ONNX's attributes mean, resolved.
 * All arrays have one entry per spatial axis.
 *
 * @param padBegin elements added before; never negative unless the model says so
 * @param padEnd elements added after
 */
@SuppressWarnings("ArrayRecordComponent") // never changed once made; compared by content below
public record Window(
    long[] kernel, long[] stride, long[] dilation, long[] padBegin, long[] padEnd, boolean ceil) {

  /**
   * Reads {@code strides}, {@code dilations}, {@code pads}, {@code auto_pad} and {@code ceil_mode}.
   *
   * @param input the shape with batch and channels in front
   * @throws ModelException if an attribute has the wrong length or a value that is not valid
   */
  public static Window of(Attributes attributes, Shape input, long[] kernel) {
    int axes = input.rank() - 2;
    if (axes < 1 || kernel.length != axes) {
      throw new ModelException(
          "a kernel of " + kernel.length + " axes does not fit the input shape " + input);
    }
    Window window = asWritten(attributes, kernel);
    String autoPad = attributes.text("auto_pad", "NOTSET");
    for (int i = 0; i < axes; i++) {
      switch (autoPad) {
        case "NOTSET" -> {}
        case "VALID" -> window.pad(autoPad, i, 0);
        case "SAME_UPPER", "SAME_LOWER" -> {
          long in = input.dim(i + 2);
          long out = Sizes.ceilDiv(in, window.stride[i]);
          long extent = extent(kernel[i], window.dilation[i]);
          long total = Sizes.add((out - 1) * window.stride[i], extent) - in;
          window.pad(autoPad, i, Math.max(0, total));
        }
        default ->
            throw new ModelException(
                "auto_pad '" + autoPad + "' is not NOTSET, VALID, SAME_UPPER or SAME_LOWER");
      }
    }
    return window;
  }

  /** The window with the pads that the attribute {@code pads} gives, whatever {@code auto_pad}. */
  public static Window asWritten(Attributes attributes, long... kernel) {
    int axes = kernel.length;
    long[] stride = perAxis(attributes, "strides", axes, 1);
    long[] dilation = perAxis(attributes, "dilations", axes, 1);
    for (int i = 0; i < axes; i++) {
      if (kernel[i] < 1 || stride[i] < 1 || dilation[i] < 1) {
        throw new ModelException("kernel, strides and dilations must be at least 1");
      }
    }
    long[] pads = perAxis(attributes, "pads", 2 * axes, 0);
    long[] begin = Arrays.copyOf(pads, axes);
    long[] end = Arrays.copyOfRange(pads, axes, 2 * axes);
    return new Window(kernel, stride, dilation, begin, end, attributes.flag("ceil_mode", false));
  }

  /** Shares {@code total} among both ends of an axis; an odd one is where {@code auto_pad} says. */
  public void pad(String autoPad, int axis, long total) {
    padBegin[axis] = autoPad.equals("SAME_UPPER") ? total / 2 : total - total / 2;
    padEnd[axis] = total - padBegin[axis];
  }

  /** A list attribute with one value per axis, or {@code absent} everywhere. */
  public static long[] perAxis(Attributes attributes, String name, int axes, long absent) {
    long[] all = new long[axes];
    Arrays.fill(all, absent);
    long[] values = attributes.integers(name, all);
    if (values.length != axes) {
      throw new ModelException(
          "the attribute '" + name + "' needs " + axes + " values, not " + values.length);
    }
    return values;
  }

  /** Elements that a dilated kernel spans. */
  public static long extent(long kernel, long dilation) {
    return Sizes.add(Sizes.multiply(kernel - 1, dilation), 1);
  }

  public int axes() {
    return kernel.length;
  }

  /** Output size of spatial axis {@code axis} for an input of {@code in} elements. */
  long outputSize(int axis, long in) {
    long extent = extent(kernel[axis], dilation[axis]);
    long padded = Sizes.add(Sizes.add(in, padBegin[axis]), padEnd[axis]);
    long span = Sizes.add(padded, -extent);
    if (span < 0) {
      throw new ModelException(
          "a window of %s does not fit into %s elements with pads %s and %s"
              .formatted(extent, in, padBegin[axis], padEnd[axis]));
    }
    long out = (ceil ? Sizes.ceilDiv(span, stride[axis]) : span / stride[axis]) + 1;
    // A last window that would start in the end padding is left out (PyTorch, ONNX since 1.16).
    if (ceil && Sizes.multiply(out - 1, stride[axis]) >= in + padBegin[axis]) {
      out--;
    }
    return out;
  }

  /** The output's spatial shape for {@code input} with batch and channels in front. */
  public Shape output(Shape input) {
    long[] sizes = new long[axes()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = outputSize(i, input.dim(i + 2));
    }
    return Shape.of(sizes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Window that && toString().equals(that.toString());
  }

  @Override
  public int hashCode() {
    return toString().hashCode();
  }

  @Override
  public String toString() {
    return "kernel "
        + Arrays.toString(kernel)
        + " stride "
        + Arrays.toString(stride)
        + " dilation "
        + Arrays.toString(dilation)
        + " pads "
        + Arrays.toString(padBegin)
        + Arrays.toString(padEnd)
        + (ceil ? " ceil" : "");
  }
}
