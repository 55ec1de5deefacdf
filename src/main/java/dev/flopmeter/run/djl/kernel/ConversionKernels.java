package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
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
    rules.put("DynamicQuantizeLinear", ConversionKernels::dynamicQuantize);
  }

  private static Kernel cast(Operands in, DataType to) {
    if (to.bits() < 8 && !to.isFloat()) {
      return Kernel.of(
          "torch.to(" + wrapped("torch.to(x0, 4)", to) + ", " + Kernels.code(in, to) + ")");
    }
    String value = "x0";
    if (to.bits() == 8 && to.isFloat() && in.attributes().flag("saturate", true)) {
      String limit = Text.number(largest(in, to));
      value = "torch.clamp(torch.to(x0, " + TorchTypes.FLOAT + "), -" + limit + ", " + limit + ")";
    }
    return Kernel.of("torch.to(" + value + ", " + Kernels.code(in, to) + ")");
  }

  private static Kernel bitCast(Operands in) {
    DataType to = in.output(0).type();
    if (to.bits() < 8) {
      throw Kernels.unsupported(in, "to " + to.label());
    }
    return Kernel.of("torch.view_copy(x0, dtype=" + Kernels.code(in, to) + ")");
  }

  /** The low bits of an integer, read as a number of {@code to}'s few bits. */
  private static String wrapped(String value, DataType to) {
    long range = 1L << to.bits();
    long low = to.name().startsWith("INT") ? range / 2 : 0;
    return "torch.sub(torch.remainder(torch.add("
        + value
        + ", "
        + low
        + "), "
        + range
        + "), "
        + low
        + ")";
  }

  private static double largest(Operands in, DataType type) {
    return switch (type) {
      case FLOAT8E4M3FN -> 448;
      case FLOAT8E4M3FNUZ -> 240;
      case FLOAT8E5M2, FLOAT8E5M2FNUZ -> 57344;
      default -> throw Kernels.unsupported(in, "to " + type.label());
    };
  }

  /** {@code saturate(round(x / scale) + zero point)}, computed in float32. */
  private static Kernel quantize(Operands in) {
    DataType to = in.output(0).type();
    String scaled = "torch.div(torch.to(x0, " + TorchTypes.FLOAT + "), " + parameter(in, 1) + ")";
    if (to.isFloat() && !in.attributes().flag("saturate", true)) {
      return Kernel.of("torch.to(" + scaled + ", " + Kernels.code(in, to) + ")");
    }
    if (to.isFloat()) {
      String limit = Text.number(largest(in, to));
      return Kernel.of(
          "torch.to(torch.clamp("
              + scaled
              + ", -"
              + limit
              + ", "
              + limit
              + "), "
              + Kernels.code(in, to)
              + ")");
    }
    String shifted = "torch.round(" + scaled + ")";
    if (in.has(2)) {
      shifted = "torch.add(" + shifted + ", " + parameter(in, 2) + ")";
    }
    return Kernel.of(saturated(in, shifted, to));
  }

  static String saturated(Operands in, String value, DataType to) {
    boolean signed = to.name().startsWith("INT");
    long high = (1L << (signed ? to.bits() - 1 : to.bits())) - 1;
    long low = signed ? -high - 1 : 0;
    return "torch.to(torch.to(torch.clamp("
        + value
        + ", "
        + low
        + ", "
        + high
        + "), "
        + TorchTypes.INT32
        + "), "
        + Kernels.code(in, to)
        + ")";
  }

  private static Kernel dequantize(Operands in) {
    String value = "torch.to(x0, " + TorchTypes.FLOAT + ")";
    if (in.has(2)) {
      value = "torch.sub(" + value + ", " + parameter(in, 2) + ")";
    }
    return Kernel.of(
        "torch.to(torch.mul("
            + value
            + ", "
            + parameter(in, 1)
            + "), "
            + Kernels.code(in, in.output(0).type())
            + ")");
  }

  /**
   * Scale or zero point in float32, shaped to broadcast: one value, one an axis, or one a block.
   */
  private static String parameter(Operands in, int index) {
    String value = "torch.to(x" + index + ", " + TorchTypes.FLOAT + ")";
    Shape shape = in.shape(0);
    Shape own = in.shape(index);
    if (own.elements() == 1) {
      return "torch.reshape(" + value + ", annotate(List[int], []))";
    }
    int axis = shape.axis(in.attributes().integer("axis", 1));
    long block = in.attributes().integer("block_size", 0);
    if (block == 0) {
      long[] dims = new long[shape.rank()];
      Arrays.fill(dims, 1);
      dims[axis] = own.elements();
      return "torch.reshape(" + value + ", " + Text.ints(dims) + ")";
    }
    if (own.rank() != shape.rank()) {
      throw new ModelException("a blocked scale " + own + " does not fit the input " + shape);
    }
    return "torch.narrow(torch.repeat_interleave("
        + value
        + ", "
        + block
        + ", "
        + axis
        + "), "
        + axis
        + ", 0, "
        + shape.dim(axis)
        + ")";
  }

  private static Kernel dynamicQuantize(Operands in) {
    return Kernel.statements(
        3,
        "low = torch.clamp_max(torch.amin(x0), 0)",
        "high = torch.clamp_min(torch.amax(x0), 0)",
        "scale = torch.div(torch.sub(high, low), 255)",
        "zero = torch.clamp(torch.round(torch.div(torch.neg(low), scale)), 0, 255)",
        "y = torch.clamp(torch.add(torch.round(torch.div(x0, scale)), zero), 0, 255)",
        "return (torch.to(y, 0), scale, torch.to(zero, 0))");
  }
}
