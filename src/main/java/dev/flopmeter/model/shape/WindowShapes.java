package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.Window;
import java.util.List;
import java.util.Map;

/** Convolutions and poolings: batch x channels x spatial axes. */
final class WindowShapes {
  private WindowShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("DeformConv", in -> List.of(convolution(in, 0, 1)));
    rules.put("Conv", in -> List.of(convolution(in, 0, 1)));
    rules.put("ConvInteger", in -> List.of(convolution(in, 0, 1).withType(DataType.INT32)));
    rules.put(
        "QLinearConv",
        in -> {
          Quantization.require(in, 0);
          Quantization.require(in, 3);
          Quantization.requireScale(in, 6, false);
          return List.of(convolution(in, 0, 3).withType(in.type(7).type()));
        });
    rules.put("ConvTranspose", in -> List.of(transposedConvolution(in)));
    rules.put("MaxPool", WindowShapes::maxPool);
    rules.put("AveragePool", in -> List.of(pool(in)));
    rules.put("LpPool", in -> List.of(pool(in)));
    rules.put("GlobalAveragePool", in -> List.of(globalPool(in)));
    rules.put("GlobalMaxPool", in -> List.of(globalPool(in)));
    rules.put("GlobalLpPool", in -> List.of(globalPool(in)));
  }

  static TensorType convolution(Operands in, int x, int w) {
    Shape input = in.shape(x);
    Shape weight = in.shape(w);
    if (weight.rank() != input.rank() || input.rank() < 3) {
      throw new ModelException("weights " + weight + " do not fit the input " + input);
    }
    long group = in.attributes().integer("group", 1);
    requireChannels(input, weight.dim(1), group);
    if (weight.dim(0) % group != 0) {
      throw new ModelException(
          weight.dim(0) + " output channels cannot be split into " + group + " groups");
    }
    Window window = Window.of(in.attributes(), input, kernel(in, weight));
    return in.type(x).withShape(Shape.of(input.dim(0), weight.dim(0)).concat(window.output(input)));
  }

  private static void requireChannels(Shape input, long perGroup, long group) {
    if (group < 1 || input.dim(1) != perGroup * group) {
      throw new ModelException(
          ("the input %s has %s channels, but the weights are for %s x %s (channels per"
                  + " group x groups)")
              .formatted(input, input.dim(1), perGroup, group));
    }
  }

  private static long[] kernel(Operands in, Shape weight) {
    long[] fromWeights = weight.slice(2, weight.rank()).dims();
    long[] declared = in.attributes().integers("kernel_shape").orElse(fromWeights);
    if (!java.util.Arrays.equals(declared, fromWeights)) {
      throw new ModelException(
          "kernel_shape %s contradicts the weights %s"
              .formatted(java.util.Arrays.toString(declared), weight));
    }
    return fromWeights;
  }

  private static TensorType transposedConvolution(Operands in) {
    Shape input = in.shape(0);
    Shape weight = in.shape(1);
    if (weight.rank() != input.rank() || input.rank() < 3) {
      throw new ModelException("weights " + weight + " do not fit the input " + input);
    }
    long group = in.attributes().integer("group", 1);
    if (weight.dim(0) != input.dim(1)) {
      throw new ModelException(
          "the input %s has not the %s channels of the weights %s"
              .formatted(input, weight.dim(0), weight));
    }
    if (group < 1 || weight.dim(0) % group != 0) {
      throw new ModelException(
          weight.dim(0) + " input channels cannot be split into " + group + " groups");
    }
    Shape spatial = TransposedWindow.of(in.attributes(), input, kernel(in, weight)).output();
    return in.type(0)
        .withShape(Shape.of(input.dim(0), Sizes.multiply(weight.dim(1), group)).concat(spatial));
  }

  private static TensorType pool(Operands in) {
    Shape input = in.shape(0);
    long[] kernel =
        in.attributes()
            .integers("kernel_shape")
            .orElseThrow(() -> new ModelException("the attribute 'kernel_shape' is missing"));
    Window window = Window.of(in.attributes(), input, kernel);
    return in.type(0).withShape(input.slice(0, 2).concat(window.output(input)));
  }

  private static List<TensorType> maxPool(Operands in) {
    TensorType pooled = pool(in);
    return List.of(pooled, pooled.withType(DataType.INT64));
  }

  private static TensorType globalPool(Operands in) {
    long[] dims = in.shape(0).dims();
    if (dims.length < 2) {
      throw new ModelException("the input " + in.shape(0) + " has no spatial axes");
    }
    for (int i = 2; i < dims.length; i++) {
      dims[i] = 1;
    }
    return in.type(0).withShape(Shape.of(dims));
  }
}
