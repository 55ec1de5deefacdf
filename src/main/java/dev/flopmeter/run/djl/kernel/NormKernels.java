package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;
import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Normalisations, and softmax. */
final class NormKernels {
  private NormKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("BatchNormalization", NormKernels::batchNorm);
    rules.put("InstanceNormalization", NormKernels::instanceNorm);
    rules.put("GroupNormalization", NormKernels::groupNorm);
    rules.put("LayerNormalization", NormKernels::layerNorm);
    rules.put("RMSNormalization", NormKernels::rmsNorm);
    rules.put("SimplifiedLayerNormalization", NormKernels::rmsNorm); // ONNX Runtime's name
    rules.put("LpNormalization", NormKernels::lpNorm);
    rules.put("MeanVarianceNormalization", NormKernels::meanVariance);
    rules.put("LRN", NormKernels::localResponse);
    rules.put("Softmax", in -> softmax(in, "softmax"));
    rules.put("LogSoftmax", in -> softmax(in, "log_softmax"));
    rules.put("Hardmax", NormKernels::hardmax);
  }

  private static String epsilon(Operands in) {
    return number(in.attributes().number("epsilon", 1e-5f));
  }

  private static Kernel batchNorm(Operands in) {
    boolean isSpatial = in.opset() >= 9 || in.attributes().flag("spatial", true);
    boolean training = in.attributes().flag("training_mode", false);
    if (!training && !isSpatial) { // each element of an example has statistics of its own
      String root = "torch.sqrt(torch.add(x4, " + epsilon(in) + "))";
      return Kernel.of("torch.add(torch.mul(torch.div(torch.sub(x0, x3), " + root + "), x1), x2)");
    }
    if (!training) {
      return Kernel.of(
          "torch.batch_norm(x0, x1, x2, x3, x4, False, 0., " + epsilon(in) + ", False)");
    }
    if (in.opset() < 14) {
      throw Kernels.unsupported(in, "training mode before opset 14");
    }
    long[] axes = LongStream.range(0, in.shape(0).rank()).filter(axis -> axis != 1).toArray();
    String momentum = number(in.attributes().number("momentum", 0.9f));
    String rest = number(1 - in.attributes().number("momentum", 0.9f));
    return Kernel.statements(
        3,
        "mean = torch.mean(x0, " + ints(axes) + ")",
        "var = torch.var(x0, " + ints(axes) + ", False)",
        "y = torch.batch_norm(x0, x1, x2, mean, var, False, 0., " + epsilon(in) + ", False)",
        "m = torch.add(torch.mul(x3, " + momentum + "), torch.mul(mean, " + rest + "))",
        "v = torch.add(torch.mul(x4, " + momentum + "), torch.mul(var, " + rest + "))",
        "return (y, m, v)");
  }

  private static Kernel instanceNorm(Operands in) {
    return Kernel.of(
        "torch.instance_norm(x0, x1, x2, None, None, True, 0., " + epsilon(in) + ", False)");
  }

  /** Scale and bias are one a group in opset 18, one a channel since 21. */
  private static Kernel groupNorm(Operands in) {
    long groups = in.attributes().integer("num_groups");
    long channels = in.shape(0).dim(1);
    boolean perChannel = in.shape(1).elements() == channels;
    String scale = perChannel ? "x1" : repeated("x1", channels / groups);
    String bias = perChannel ? "x2" : repeated("x2", channels / groups);
    return Kernel.of(
        "torch.group_norm(x0, "
            + groups
            + ", "
            + scale
            + ", "
            + bias
            + ", "
            + epsilon(in)
            + ", False)");
  }

  private static String repeated(String values, long times) {
    return "torch.repeat_interleave(" + values + ", " + times + ")";
  }

  private static Kernel layerNorm(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", -1));
    Shape normalised = shape.slice(axis, shape.rank());
    boolean direct =
        in.shape(1).equals(normalised) && (!in.has(2) || in.shape(2).equals(normalised));
    String bias = in.has(2) ? "x2" : "None";
    String weights = direct ? "x1, " + bias : "None, None";
    String scaled = "torch.mul(y, x1)";
    if (in.has(2)) {
      scaled = "torch.add(" + scaled + ", x2)";
    }
    if (in.hasOutput(1) || in.hasOutput(2)) {
      return Kernel.statements(
          3,
          "y, mean, deviation = torch.native_layer_norm(x0, "
              + ints(normalised.dims())
              + ", "
              + weights
              + ", "
              + epsilon(in)
              + ")",
          "return (" + (direct ? "y" : scaled) + ", mean, deviation)");
    }
    String y =
        "torch.layer_norm(x0, "
            + ints(normalised.dims())
            + ", "
            + weights
            + ", "
            + epsilon(in)
            + ", False)";
    return direct ? Kernel.of(y) : Kernel.statements(1, "y = " + y, "return " + scaled);
  }

  private static Kernel rmsNorm(Operands in) {
    Shape shape = in.shape(0);
    long[] axes =
        LongStream.range(shape.axis(in.attributes().integer("axis", -1)), shape.rank()).toArray();
    return Kernel.of(
        "torch.mul(torch.mul(x0, torch.rsqrt(torch.add(torch.mean(torch.mul(x0, x0), "
            + ints(axes)
            + ", True), "
            + epsilon(in)
            + "))), x1)");
  }

  private static Kernel lpNorm(Operands in) {
    long p = in.attributes().integer("p", 2);
    int axis = in.shape(0).axis(in.attributes().integer("axis", -1));
    return Kernel.statements(
        1,
        "n = torch.norm(x0, " + p + ", [" + axis + "], True)",
        "return torch.where(torch.eq(n, 0), torch.zeros_like(x0), torch.div(x0, n))");
  }

  private static Kernel meanVariance(Operands in) {
    String axes = ints(in.attributes().integers("axes", 0, 2, 3));
    return Kernel.statements(
        1,
        "d = torch.sub(x0, torch.mean(x0, " + axes + ", True))",
        "v = torch.mean(torch.mul(d, d), " + axes + ", True)",
        "return torch.div(d, torch.add(torch.sqrt(v), 1e-09))");
  }

  /** Channels as rows of a plane: the mean square over {@code size} neighbours is a pooling. */
  private static Kernel localResponse(Operands in) {
    Shape shape = in.shape(0);
    long size = in.attributes().integer("size");
    long before = (size - 1) / 2;
    long inner = shape.elements(2, shape.rank());
    long[] plane = {shape.dim(0), 1, shape.dim(1), inner};
    return Kernel.statements(
        1,
        "s = torch.reshape(torch.mul(x0, x0), " + ints(plane) + ")",
        "s = torch.constant_pad_nd(s, [0, 0, " + before + ", " + (size - 1 - before) + "], 0)",
        "s = torch.avg_pool2d(s, [" + size + ", 1], [1, 1], [0, 0], False, True)",
        "s = torch.add(torch.mul(s, "
            + number(in.attributes().number("alpha", 1e-4f))
            + "), "
            + number(in.attributes().number("bias", 1))
            + ")",
        "s = torch.pow(s, " + number(in.attributes().number("beta", 0.75f)) + ")",
        "return torch.div(x0, torch.reshape(s, " + ints(shape.dims()) + "))");
  }

  /** Before opset 13 all axes from {@code axis} on are normalised together. */
  private static Kernel softmax(Operands in, String function) {
    Shape shape = in.shape(0);
    long axis = in.attributes().integer("axis", in.opset() < 13 ? 1 : -1);
    if (in.opset() >= 13 || shape.axis(axis) == shape.rank() - 1) {
      return Kernel.of("torch." + function + "(x0, " + axis + ")");
    }
    return Kernel.of(flattened(shape, shape.axis(axis), "torch." + function + "(%, 1)"));
  }

  /** {@code function} of the input as a matrix split at {@code axis}, in the input's shape. */
  private static String flattened(Shape shape, int axis, String function) {
    String matrix =
        "torch.reshape(x0, "
            + ints(shape.elements(0, axis), shape.elements(axis, shape.rank()))
            + ")";
    return "torch.reshape(" + function.replace("%", matrix) + ", " + ints(shape.dims()) + ")";
  }

  private static Kernel hardmax(Operands in) {
    Shape shape = in.shape(0);
    long axis = in.attributes().integer("axis", in.opset() < 13 ? 1 : -1);
    boolean matrix = in.opset() < 13 && shape.axis(axis) != shape.rank() - 1;
    List<String> lines = new ArrayList<>();
    long along = matrix ? 1 : axis;
    String x =
        matrix
            ? "torch.reshape(x0, "
                + ints(
                    shape.elements(0, shape.axis(axis)),
                    shape.elements(shape.axis(axis), shape.rank()))
                + ")"
            : "x0";
    lines.add("m = " + x);
    lines.add(
        "y = torch.scatter(torch.zeros_like(m), "
            + along
            + ", torch.argmax(m, "
            + along
            + ", True), 1)");
    lines.add("return torch.reshape(y, " + ints(shape.dims()) + ")");
    return Kernel.statements(1, lines.toArray(String[]::new));
  }

  /** A shape of ones with {@code size} at {@code axis}. */
  static String alongAxis(int rank, int axis, long size) {
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    dims[axis] = size;
    return ints(dims);
  }
}
