package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.ints;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
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
    rules.put("DynamicQuantizeLinear", in -> dynamicQuantize());
  }

  private static Kernel cast(Operands in, DataType to) {
    Expression value = input(0);
    if (to.bits() < 8 && !to.isFloat()) {
      value = wrapped(call("to", value, TorchTypes.INT64), to);
    } else if (to.bits() == 8 && to.isFloat() && in.attributes().flag("saturate", true)) {
      value = limited(in, call("to", value, TorchTypes.FLOAT), to);
    }
    return Kernel.of(call("to", value, Kernels.code(in, to)));
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
    return call("sub", call("remainder", call("add", value, low), range), low);
  }

  /** {@code value} within the range of an 8-bit float. */
  private static Expression limited(Operands in, Expression value, DataType type) {
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
    Expression scaled = call("div", call("to", input(0), TorchTypes.FLOAT), parameter(in, 1));
    if (to.isFloat()) {
      boolean saturates = in.attributes().flag("saturate", true);
      return Kernel.of(
          call("to", saturates ? limited(in, scaled, to) : scaled, Kernels.code(in, to)));
    }
    Expression rounded = call("round", scaled);
    return Kernel.of(
        saturated(in, in.has(2) ? call("add", rounded, parameter(in, 2)) : rounded, to));
  }

  static Expression saturated(Operands in, Expression value, DataType to) {
    boolean signed = to.name().startsWith("INT");
    long high = (1L << (signed ? to.bits() - 1 : to.bits())) - 1;
    long low = signed ? -high - 1 : 0;
    Expression limited = call("clamp", value, low, high);
    return call("to", call("to", limited, TorchTypes.INT32), Kernels.code(in, to));
  }

  private static Kernel dequantize(Operands in) {
    Expression value = call("to", input(0), TorchTypes.FLOAT);
    if (in.has(2)) {
      value = call("sub", value, parameter(in, 2));
    }
    Expression real = call("mul", value, parameter(in, 1));
    return Kernel.of(call("to", real, Kernels.code(in, in.output(0).type())));
  }

  /**
   * Scale or zero point in float32, shaped to broadcast: one value, one an axis, or one a block.
   */
  private static Expression parameter(Operands in, int index) {
    Expression value = call("to", input(index), TorchTypes.FLOAT);
    Shape shape = in.shape(0);
    Shape own = in.shape(index);
    if (own.elements() == 1) {
      return call("reshape", value, ints());
    }
    int axis = shape.axis(in.attributes().integer("axis", 1));
    long block = in.attributes().integer("block_size", 0);
    if (block == 0) {
      return LayoutKernels.alongAxis(value, shape.rank(), axis);
    }
    if (own.rank() != shape.rank()) {
      throw new ModelException("a blocked scale " + own + " does not fit the input " + shape);
    }
    Expression repeated = call("repeat_interleave", value, block, axis);
    return call("narrow", repeated, axis, 0, shape.dim(axis));
  }

  private static Kernel dynamicQuantize() {
    Bytes bytes = Bytes.of(input(0));
    return Kernel.of(
        call("to", bytes.values(), TorchTypes.UINT8),
        bytes.scale(),
        call("to", bytes.zero(), TorchTypes.UINT8));
  }

  /**
   * Floats as 8-bit steps over their own range, all in float32.
   *
   * @param scale of zeros alone, 1
   */
  record Bytes(Expression values, Expression scale, Expression zero) {
    static Bytes of(Expression x) {
      return of(x, call("amin", x), call("amax", x));
    }

    /** The same for each row of a matrix. */
    static Bytes ofRows(Expression x) {
      long[] last = {-1};
      return of(x, call("amin", x, last, true), call("amax", x, last, true));
    }

    private static Bytes of(Expression x, Expression least, Expression most) {
      Expression low = call("clamp_max", least, 0);
      Expression high = call("clamp_min", most, 0);
      Expression step = call("div", call("sub", high, low), 255);
      Expression scale = call("where", call("eq", step, 0), call("ones_like", step), step);
      Expression zero = byteRange(call("round", call("div", call("neg", low), scale)));
      Expression y = byteRange(call("add", call("round", call("div", x, scale)), zero));
      return new Bytes(y, scale, zero);
    }

    /** The floats that these integers represent. */
    Expression real() {
      return call("mul", call("sub", values, zero), scale);
    }
  }

  private static Expression byteRange(Expression value) {
    return call("clamp", value, 0, 255);
  }
}
