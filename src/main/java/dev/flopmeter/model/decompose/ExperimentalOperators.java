package dev.flopmeter.model.decompose;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Optional;

/**
 * Operators without a domain from the time before ONNX had others for them (source: the schemas of
 * ONNX Runtime; 1.28 has no kernels for them any more).
 */
final class ExperimentalOperators {
  private ExperimentalOperators() {}

  static void addTo(BodyTable table) {
    table.put("Affine", b -> b.plus(b.times(b.input(0), alpha(b)), beta(b)));
    table.put("ScaledTanh", b -> b.times(b.add("Tanh", b.times(b.input(0), beta(b))), alpha(b)));
    table.put(
        "ParametricSoftplus",
        b -> b.times(b.add("Softplus", b.times(b.input(0), beta(b))), alpha(b)));
    table.put("Scale", b -> b.times(b.input(0), b.number(b.number("scale", 1))));
    table.put(
        "ImageScaler",
        b -> {
          float[] bias = b.attributes().numbers("bias").orElse(new float[0]);
          if (bias.length != b.shape(0).dim(1)) {
            throw new ModelException(
                "the attribute 'bias' has %s values for the input %s"
                    .formatted(bias.length, b.shape(0)));
          }
          String scaled = b.times(b.input(0), b.number(b.number("scale", 1)));
          Tensor shifts = Tensor.ofFloats(Shape.of(bias.length, 1, 1), bias);
          return b.plus(scaled, b.constant(shifts));
        });
    table.put("DynamicSlice", b -> b.add("Slice", b.input(0), b.input(1), b.input(2), b.input(3)));
    table.put("Crop", ExperimentalOperators::cropped);
  }

  private static String alpha(Body b) {
    return b.number(b.number("alpha", 1));
  }

  private static String beta(Body b) {
    return b.number(b.number("beta", 0));
  }

  private static String cropped(Body b) {
    long[] border = b.attributes().integers("border", 0, 0, 0, 0); // left, top, right, bottom
    Shape shape = b.shape(0);
    Optional<long[]> scale = b.attributes().integers("scale"); // height, width
    if (border.length != 4 || shape.rank() != 4 || scale.orElse(new long[2]).length != 2) {
      throw new ModelException("the attributes 'border' and 'scale' do not fit the input " + shape);
    }
    long bottom = scale.map(size -> border[1] + size[0]).orElse(shape.dim(2) - border[3]);
    long right = scale.map(size -> border[0] + size[1]).orElse(shape.dim(3) - border[2]);
    return b.add(
        "Slice", b.input(0), b.longs(border[1], border[0]), b.longs(bottom, right), b.longs(2, 3));
  }
}
