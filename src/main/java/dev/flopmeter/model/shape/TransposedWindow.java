package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Window;
import java.util.List;

/**
 * A transposed convolution's window: the output grows by the stride, and pads cut it.
 *
 * <p>ONNX: {@code out = stride (in - 1) + output_padding + (kernel - 1) dilation + 1 - pads}; where
 * {@code output_shape} is given, or {@code auto_pad} is SAME, the pads follow from it.
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
record TransposedWindow(Window window, long[] outputPadding, Shape output) {

  private static final List<String> AUTO_PADS =
      List.of("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER");

  static TransposedWindow of(Attributes attributes, Shape input, long[] kernel) {
    int axes = input.rank() - 2;
    Window window = Window.asWritten(attributes, kernel);
    long[] extra = Window.perAxis(attributes, "output_padding", axes, 0);
    long[] asked = attributes.integers("output_shape").orElse(null);
    if (asked != null && asked.length < axes) {
      throw new ModelException("the attribute 'output_shape' needs " + axes + " values");
    }
    String autoPad = attributes.text("auto_pad", "NOTSET");
    if (!AUTO_PADS.contains(autoPad)) {
      throw new ModelException("auto_pad '" + autoPad + "' is not one of " + AUTO_PADS);
    }
    long[] out = new long[axes];
    for (int i = 0; i < axes; i++) {
      long in = input.dim(i + 2);
      long stride = window.stride()[i];
      long extent = Window.extent(kernel[i], window.dilation()[i]);
      long full = Sizes.add(Sizes.multiply(stride, in - 1), Sizes.add(extra[i], extent));
      if (asked != null || autoPad.startsWith("SAME")) {
        out[i] = asked == null ? Sizes.multiply(in, stride) : asked[asked.length - axes + i];
        window.pad(autoPad, i, Math.max(0, full - out[i]));
        extra[i] += Math.max(0, out[i] - full);
      } else {
        if (autoPad.equals("VALID")) {
          window.pad(autoPad, i, 0);
        }
        out[i] = Sizes.add(full, -Sizes.add(window.padBegin()[i], window.padEnd()[i]));
      }
    }
    return new TransposedWindow(window, extra, Shape.of(out));
  }
}
