package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;

/** Convolutions, poolings and resampling. k is the number of elements of one window. */
final class WindowCosts {
  private WindowCosts() {}

  static void addTo(CostTable table) {
    table.add(
        "Conv", "MACs out x Cin/group x k; + out for a bias", in -> convolution(in, 1, in.has(2)));
    table.add("ConvInteger", "MACs out x Cin/group x k", in -> convolution(in, 1, false));
    table.add(
        "QLinearConv",
        "MACs out x Cin/group x k; + out for a bias, + 2 x out to requantise",
        in -> convolution(in, 3, in.has(8)).plus(Work.flops(PerElement.ofOutput(in, 2))));
    table.add(
        "ConvTranspose",
        "MACs in x Cout/group x k; + out for a bias",
        WindowCosts::transposedConvolution);
    table.add(
        "DeformConv",
        "MACs out x Cin/group x k; + out for a bias, + 8 per sampled value to interpolate",
        WindowCosts::deformableConvolution);
    table.flops("MaxPool", "(k - 1) x out: comparisons", in -> pooled(in, -1));
    table.flops("AveragePool", "k x out: k - 1 additions and a division", in -> pooled(in, 0));
    table.flops(
        "LpPool",
        "2 k x out: powers, additions and a root",
        in -> Sizes.multiply(2, pooled(in, 0)));
    table.flops(
        "GlobalMaxPool",
        "in - out: comparisons",
        in -> Math.max(0, in.type(0).elements() - in.output(0).elements()));
    table.flops(
        "Resize Upsample",
        "0 for nearest, 2 x 2^d x out for linear, 2 x 4^d x out for cubic, over the d axes that"
            + " change",
        in -> interpolated(in, changedAxes(in)));
    table.flops(
        "GridSample",
        "0 for nearest, 2 x 2^d x out for linear, 2 x 4^d x out for cubic, over d axes",
        in -> interpolated(in, in.shape(0).rank() - 2));
    table.add(
        "AffineGrid",
        "MACs out x (d + 1), over d axes",
        in -> Work.macs(Sizes.multiply(in.output(0).elements(), in.output(0).shape().dim(-1) + 1)));
    table.add(
        "RoiAlign",
        "9 x out x samples: 8 to interpolate and 1 to join; adaptive sampling taken as 1",
        WindowCosts::roiAlign);
  }

  private static Work convolution(Operands in, int weights, boolean hasBias) {
    Shape weight = in.shape(weights);
    long out = in.output(0).elements();
    return new Work(Sizes.multiply(out, weight.elements(1, weight.rank())), hasBias ? out : 0);
  }

  private static Work transposedConvolution(Operands in) {
    Shape weight = in.shape(1);
    return new Work(
        Sizes.multiply(in.type(0).elements(), weight.elements(1, weight.rank())),
        in.has(2) ? in.output(0).elements() : 0);
  }

  private static Work deformableConvolution(Operands in) {
    Work plain = convolution(in, 1, in.has(3));
    Shape out = in.output(0).shape();
    Shape weight = in.shape(1);
    long samples =
        Sizes.product(
            out.dim(0),
            out.elements(2, out.rank()),
            in.shape(0).dim(1),
            weight.elements(2, weight.rank()));
    return plain.plus(Work.flops(Sizes.multiply(8, samples)));
  }

  private static long pooled(Operands in, long more) {
    long window = Sizes.product(in.attributes().integers("kernel_shape", new long[0]));
    return Sizes.multiply(in.output(0).elements(), window + more);
  }

  private static int changedAxes(Operands in) {
    Shape before = in.shape(0);
    Shape after = in.output(0).shape();
    int changed = 0;
    for (int axis = 0; axis < before.rank(); axis++) {
      changed += before.dim(axis) == after.dim(axis) ? 0 : 1;
    }
    return changed;
  }

  private static long interpolated(Operands in, int axes) {
    String absent = in.node().op().equals("GridSample") ? "linear" : "nearest";
    long taps =
        switch (in.attributes().text("mode", absent)) {
          case "linear", "bilinear" -> 1L << Math.min(axes, 30);
          case "cubic", "bicubic" -> 1L << Math.min(2 * axes, 60);
          default -> 0;
        };
    return axes == 0 ? 0 : PerElement.ofOutput(in, Sizes.multiply(2, taps));
  }

  private static Work roiAlign(Operands in) {
    long ratio = Math.max(1, in.attributes().integer("sampling_ratio", 0));
    return Work.flops(Sizes.product(9, in.output(0).elements(), ratio, ratio));
  }
}
