package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.ints;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.List;
import java.util.Map;

/** Changes of the element type: casts and linear quantisation. */
final class ConversionKernels {
  private ConversionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Cast", in -> cast(in, DataType.ofCode(in.attributes().integer("to"))));
    rules.put("CastLike", in -> cast(in, in.type(1).type()));
    rules.put("QuantizeLinear", ConversionKernels::quantize);
    rules.put("DequantizeLinear", ConversionKernels::dequantize);
    rules.put("BitCast", ConversionKernels::bitCast);
  }

  private static Kernel cast(Operands in, DataType to) {
    Expression value = input(0);
    if (to.bits() < 8 && !to.isFloat()) {
      value = wrapped(value.to(ScalarTypes.INT64), to);
    } else if (to.bits() <= 8 && to.isFloat() && in.attributes().flag("saturate", true)) {
      value = limited(in, value.to(ScalarTypes.FLOAT), to);
    }
    return Kernel.of(value.to(Kernels.code(in, to)));
  }

  private static Kernel bitCast(Operands in) {
    DataType to = in.output(0).type();
    if (to.bits() < 8) {
      throw Kernels.unsupported(in, "to " + to.label());
    }
    return Kernel.of(call("view_copy", input(0), dtype(Kernels.code(in, to))));
  }

  /** The low bits of an integer, read as a number of {@code to}'s few bits. */
  private static Expression wrapped(Expression value, DataType to) {
    long range = 1L << to.bits();
    long low = to.name().startsWith("INT") ? range / 2 : 0;
    return call("remainder", value.plus(low), range).minus(low);
  }

  /** {@code value} within the range of an 8-bit float; of those that PyTorch lacks one of them. */
  private static Expression limited(Operands in, Expression value, DataType type) {
    if (type == DataType.FLOAT4E2M1) {
      Expression size = call("abs", value);
      Expression wide = call("where", call("lt", size, 4), 1.0, 2.0);
      Expression step = call("where", call("lt", size, 2), 0.5, wide);
      return call("clamp", call("round", value.over(step)).times(step), -6, 6);
    }
    if (type == DataType.FLOAT8E8M0) {
      if (!in.attributes().text("round_mode", "up").equals("up")) {
        throw Kernels.unsupported(in, "to " + type.label() + " but upwards");
      }
      // x = m 2^e with m in [0.5, 1): the next power of two, the least of them for 0.
      Expression size = call("abs", value);
      List<Expression> split = parts(2, call("frexp", size));
      Expression exponent = split.get(1).minus(call("le", split.get(0), 0.5).to(ScalarTypes.INT32));
      return call(
          "exp2",
          call("clamp", call("where", call("eq", size, 0), -127, exponent), -127, 127)
              .to(ScalarTypes.FLOAT));
    }
    double largest =
        switch (type) {
          case FLOAT8E4M3FN -> 448;
          case FLOAT8E4M3FNUZ -> 240;
          case FLOAT8E5M2, FLOAT8E5M2FNUZ -> 57344;
          default -> throw Kernels.unsupported(in, "to " + type.label());
        };
    return call("clamp", value, -largest, largest);
  }

  /** {@code saturate(round(x / scale) + zero point)}, computed in float32. */
  private static Kernel quantize(Operands in) {
    DataType to = in.output(0).type();
    Expression scaled = input(0).to(ScalarTypes.FLOAT).over(parameter(in, 1));
    if (to.isFloat()) {
      boolean saturates = in.attributes().flag("saturate", true);
      return Kernel.of(
          call("to", saturates ? limited(in, scaled, to) : scaled, Kernels.code(in, to)));
    }
    Expression rounded = call("round", scaled);
    return Kernel.of(saturated(in, in.has(2) ? rounded.plus(parameter(in, 2)) : rounded, to));
  }

  /** {@code value} in the range of {@code to}; NaN gives its lowest value, as in ONNX Runtime. */
  static Expression saturated(Operands in, Expression value, DataType to) {
    boolean signed = to.name().startsWith("INT");
    long high = (1L << (signed ? to.bits() - 1 : to.bits())) - 1;
    long low = signed ? -high - 1 : 0;
    Expression limited = call("nan_to_num", call("clamp", value, low, high), (double) low);
    return limited.to(ScalarTypes.INT32).to(Kernels.code(in, to));
  }

  private static Kernel dequantize(Operands in) {
    Expression value = input(0).to(ScalarTypes.FLOAT);
    if (in.has(2)) {
      value = value.minus(parameter(in, 2));
    }
    Expression real = value.times(parameter(in, 1));
    return Kernel.of(real.to(Kernels.code(in, in.output(0).type())));
  }

  /**
   * Scale or zero point in float32, shaped to broadcast: one value, one an axis, or one a block.
   */
  private static Expression parameter(Operands in, int index) {
    Expression value = input(index).to(ScalarTypes.FLOAT);
    Shape shape = in.shape(0);
    Shape own = in.shape(index);
    if (own.elements() == 1) {
      return call("reshape", value, ints());
    }
    int axis = shape.axis(in.attributes().integer("axis", 1));
    long block = in.attributes().integer("block_size", 0);
    if (block == 0) {
      return value.alongAxis(shape.rank(), axis);
    }
    if (own.rank() != shape.rank()) {
      throw new ModelException(
          "a blocked scale %s does not fit the input %s".formatted(own, shape));
    }
    Expression repeated = call("repeat_interleave", value, block, axis);
    return repeated.narrow(axis, 0, shape.dim(axis));
  }
}
