package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import com.google.errorprone.annotations.CompileTimeConstant;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
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
    rules.put("LRN", NormKernels::localResponse);
    rules.put("Softmax", in -> alongAxis(in, "softmax"));
    rules.put("LogSoftmax", in -> alongAxis(in, "log_softmax"));
  }

  private static float epsilon(Operands in) {
    return in.attributes().number("epsilon", 1e-5f);
  }

  private static Kernel batchNorm(Operands in) {
    return Kernel.of(
        call(
            "batch_norm",
            input(0),
            input(1),
            input(2),
            input(3),
            input(4),
            false,
            0.0,
            epsilon(in),
            false));
  }

  private static Kernel instanceNorm(Operands in) {
    return Kernel.of(
        call(
            "instance_norm",
            input(0),
            input(1),
            input(2),
            NONE,
            NONE,
            true,
            0.0,
            epsilon(in),
            false));
  }

  /** Scale and bias are one a group in opset 18, one a channel since 21. */
  private static Kernel groupNorm(Operands in) {
    long groups = in.attributes().integer("num_groups");
    long channels = in.shape(0).dim(1);
    boolean isPerChannel = in.shape(1).elements() == channels;
    UnaryOperator<Expression> perChannel =
        each ->
            isPerChannel ? each.reshaped(-1) : call("repeat_interleave", each, channels / groups);
    return Kernel.of(
        call(
            "group_norm",
            input(0),
            groups,
            perChannel.apply(input(1)),
            perChannel.apply(input(2)),
            epsilon(in),
            false));
  }

  /** Scale and bias that have another shape than what is normalised are applied afterwards. */
  private static Kernel layerNorm(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", -1));
    Shape normalised = shape.slice(axis, shape.rank());
    boolean direct =
        in.shape(1).equals(normalised) && (!in.has(2) || in.shape(2).equals(normalised));
    Expression scale = direct ? input(1) : NONE;
    Expression bias = direct && in.has(2) ? input(2) : NONE;
    long[] dims = normalised.dims();
    if (in.hasOutput(1) || in.hasOutput(2)) {
      List<Expression> results =
          parts(3, call("native_layer_norm", input(0), dims, scale, bias, epsilon(in)));
      Expression y = direct ? results.get(0) : scaled(in, results.get(0));
      return Kernel.of(y, results.get(1), results.get(2)).reportedAs("native_layer_norm");
    }
    Expression y = call("layer_norm", input(0), dims, scale, bias, epsilon(in), false);
    return Kernel.of(direct ? y : scaled(in, y)).reportedAs("layer_norm");
  }

  private static Expression scaled(Operands in, Expression y) {
    Expression scaled = y.times(input(1));
    return in.has(2) ? scaled.plus(input(2)) : scaled;
  }

  /** {@code scale x / sqrt(mean(x^2) + epsilon)}. */
  private static Kernel rmsNorm(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", -1));
    long[] axes = LongStream.range(axis, shape.rank()).toArray();
    Expression x = input(0);
    Expression mean = call("mean", x.times(x), axes, true);
    Expression unit = x.times(call("rsqrt", mean.plus(epsilon(in))));
    return Kernel.of(unit.times(input(1)));
  }

  /** Channels as rows of a plane: the mean square over {@code size} neighbours is a pooling. */
  private static Kernel localResponse(Operands in) {
    Shape shape = in.shape(0);
    long size = in.attributes().integer("size");
    long before = (size - 1) / 2;
    Expression squares =
        input(0)
            .times(input(0))
            .reshaped(shape.dim(0), 1, shape.dim(1), shape.elements(2, shape.rank()));
    Expression padded =
        call("constant_pad_nd", squares, new long[] {0, 0, before, size - 1 - before}, 0);
    Expression mean =
        call(
            "avg_pool2d",
            padded,
            new long[] {size, 1},
            new long[] {1, 1},
            new long[] {0, 0},
            false,
            true);
    Expression scaled = mean.times(in.attributes().number("alpha", 1e-4f));
    Expression base = scaled.plus(in.attributes().number("bias", 1));
    Expression power = call("pow", base, in.attributes().number("beta", 0.75f));
    return Kernel.of(input(0).over(power.reshaped(shape.dims()))).reportedAs("avg_pool2d");
  }

  /** Before opset 13 all axes from {@code axis} on are normalised together. */
  private static Kernel alongAxis(Operands in, @CompileTimeConstant final String function) {
    Shape shape = in.shape(0);
    long axis = in.attributes().integer("axis", in.opset() < 13 ? 1 : -1);
    int first = shape.axis(axis);
    if (in.opset() >= 13 || first == shape.rank() - 1) {
      return Kernel.of(call(function, input(0), axis));
    }
    Expression matrix =
        input(0).reshaped(shape.elements(0, first), shape.elements(first, shape.rank()));
    return Kernel.of(call(function, matrix, 1).reshaped(shape.dims()));
  }
}
