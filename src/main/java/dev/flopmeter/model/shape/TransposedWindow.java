package dev.flopmeter.model.shape;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Window;
import java.util.Arrays;
import java.util.List;

/**
 * A transposed convolution's window: the output grows by the stride, and pads cut it.
 *
 * <p>ONNX: {@code out = stride (in - 1) + output_padding + (kernel - 1) dilation + 1 - pads}; where
 * {@code output_shape} is given, or {@code auto_pad} is SAME, the pads follow from it.
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
public record TransposedWindow(
    long[] kernel,
    long[] stride,
    long[] dilation,
    long[] padBegin,
    long[] padEnd,
    long[] outputPadding,
    Shape output) {

  private static final List<String> AUTO_PADS =
      List.of("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER");

  public static TransposedWindow of(Attributes attributes, Shape input, long[] kernel) {
    int axes = input.rank() - 2;
    long[] stride = Window.perAxis(attributes, "strides", axes, 1);
    long[] dilation = Window.perAxis(attributes, "dilations", axes, 1);
    long[] extra = Window.perAxis(attributes, "output_padding", axes, 0);
    long[] pads = Window.perAxis(attributes, "pads", 2 * axes, 0);
    long[] begin = Arrays.copyOf(pads, axes);
    long[] end = Arrays.copyOfRange(pads, axes, 2 * axes);
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
      if (stride[i] < 1 || dilation[i] < 1 || kernel[i] < 1) {
        throw new ModelException("kernel, strides and dilations must be at least 1");
      }
      long in = input.dim(i + 2);
      long full =
          Sizes.add(
              Sizes.multiply(stride[i], in - 1),
              Sizes.add(extra[i], Window.extent(kernel[i], dilation[i])));
      if (asked != null) {
        out[i] = asked[asked.length - axes + i];
      } else if (autoPad.startsWith("SAME")) {
        out[i] = Sizes.multiply(in, stride[i]);
      } else {
        if (autoPad.equals("VALID")) {
          begin[i] = 0;
          end[i] = 0;
        }
        out[i] = Sizes.add(full, -Sizes.add(begin[i], end[i]));
        continue;
      }
      long total = Math.max(0, full - out[i]);
      begin[i] = autoPad.equals("SAME_UPPER") ? total / 2 : total - total / 2;
      end[i] = total - begin[i];
      extra[i] += Math.max(0, out[i] - full);
    }
    return new TransposedWindow(kernel, stride, dilation, begin, end, extra, Shape.of(out));
  }
}
