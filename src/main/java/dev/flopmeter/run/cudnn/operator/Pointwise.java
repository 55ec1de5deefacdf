package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;

/** Element-wise operators: activations, arithmetic, comparison, selection. */
final class Pointwise {
  private Pointwise() {}

  private static Operators.Operator unary(List<String> row) {
    int function = Integer.parseInt(row.get(1));
    return node -> {
      TensorView x = contiguous(node, 0);
      TensorView y = node.outLike(0, x);
      node.launch(Unary.work(function, x, y, parameter(node, row, 2), parameter(node, row, 4)));
    };
  }

  private static double parameter(NodePlan node, List<String> row, int place) {
    String name = row.get(place);
    return name.isEmpty()
        ? 0
        : node.attributes().number(name, Float.parseFloat(row.get(place + 1)));
  }

  static void addTo(Map<String, Operators.Operator> operators) {
    Csv.rows(Pointwise.class, "unary.csv").forEach(row -> operators.put(row.get(0), unary(row)));
    for (List<String> row : Csv.rows(Pointwise.class, "binary.csv")) {
      int function = Integer.parseInt(row.get(1));
      boolean wraps = !row.get(2).isEmpty();
      operators.put(row.get(0), node -> binary(node, function, wraps));
    }
    operators.put(
        "Mod",
        node ->
            binary(
                node,
                (node.attributes().flag("fmod", false) ? Binary.FMOD : Binary.MOD).code(),
                false));
    operators.put("BitShift", Pointwise::shift);
    operators.put("BitwiseNot", Pointwise::bitwiseNot);
    operators.put("BitCast", Pointwise::bitCast);
  }

  private static void shift(NodePlan node) {
    boolean isLeft = node.attributes().text("direction", "").equals("LEFT");
    binary(node, (isLeft ? Binary.SHIFT_LEFT : right(node)).code(), isLeft);
  }

  private static Binary right(NodePlan node) {
    boolean isSigned = !node.operands().output(0).type().name().startsWith("U");
    return isSigned ? Binary.SHIFT_RIGHT_SIGNED : Binary.SHIFT_RIGHT;
  }

  /** On the device integers are 64 bits wide: what leaves a narrower type wraps around. */
  private static int bits(DataType type) {
    boolean isNarrow = type.isInteger() && type.bits() < 64;
    return isNarrow ? (type.name().startsWith("U") ? -type.bits() : type.bits()) : 0;
  }

  /**
   * Wraps whole numbers around, in place, where {@code view} of the device's wide integers holds
   * more than {@code type} does.
   */
  static List<Work> wrapping(TensorView view, DataType type) {
    return bits(type) == 0 || view.storage() != ElementType.I64
        ? List.of()
        : List.of(Binary.work(Binary.MAX.code(), view, view, view, bits(type)));
  }

  /** As {@link #wrapping}, for an output of the node. */
  static void wrap(NodePlan node, TensorView view) {
    wrapping(view, node.operands().output(0).type()).forEach(node::launch);
  }

  private static void bitwiseNot(NodePlan node) {
    TensorView x = node.in(0);
    node.launch(Binary.BITWISE_XOR.work(x, allBits(node), node.outLike(0, x)));
  }

  /** All bits of the output's type; of a signed one also those of the device's wider type. */
  private static TensorView allBits(NodePlan node) {
    DataType type = node.operands().output(0).type();
    boolean isNarrow = type.bits() < 64 && type.name().startsWith("U");
    double bits = isNarrow ? (1L << type.bits()) - 1 : -1;
    return node.constant("bits", 1, ElementType.I64, i -> bits);
  }

  /** The input if it is contiguous in whatever order, otherwise packed. */
  static TensorView contiguous(NodePlan node, int input) {
    TensorView x = node.in(input);
    return x.is(MemoryLayout.PLAIN) || x.is(MemoryLayout.CHANNELS_LAST) ? x : node.plain(input);
  }

  /**
   * @param wraps whether results beyond the range of a type of whole numbers wrap around
   */
  private static void binary(NodePlan node, int function, boolean wraps) {
    TensorView a = node.in(0);
    TensorView b = legacyBroadcast(node, node.in(1));
    TensorView y = node.outLike(0, a.elements() >= b.elements() ? a : b);
    int bits = wraps ? bits(node.operands().output(0).type()) : 0;
    node.launch(Binary.work(function, a, b, y, bits));
  }

  /** Before opset 7, {@code axis} said where the smaller operand's dimensions stand. */
  private static TensorView legacyBroadcast(NodePlan node, TensorView b) {
    boolean isChannelSlope =
        node.node().op().equals("PRelu") && b.rank() == 1 && node.shape(0).rank() > 1;
    if (isChannelSlope && node.node().opset() < 7 && b.dim(0) == node.shape(0).dim(1)) {
      long[] dims = new long[node.shape(0).rank() - 1];
      java.util.Arrays.fill(dims, 1);
      dims[0] = b.dim(0);
      return b.reshaped(Shape.of(dims));
    }
    if (!node.attributes().has("axis")
        || !node.attributes().flag("broadcast", false)
        || node.node().opset() >= 7) {
      return b;
    }
    int axis = node.shape(0).axis(node.attributes().integer("axis"));
    int trailing = node.shape(0).rank() - axis - b.rank();
    long[] dims = new long[b.rank() + trailing];
    long[] strides = new long[dims.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = i < b.rank() ? b.dim(i) : 1;
      strides[i] = i < b.rank() ? b.stride(i) : 0;
    }
    return b.as(Shape.of(dims), strides);
  }

  /** Whether a cast leaves out integers that {@code from} holds. */
  static boolean isNarrowed(DataType from, DataType to) {
    boolean isUnsigned = from.name().startsWith("U");
    boolean isSame = isUnsigned == to.name().startsWith("U");
    boolean isWithin = isSame ? from.bits() <= to.bits() : isUnsigned && from.bits() < to.bits();
    return from.isInteger() && bits(to) != 0 && !isWithin;
  }

  private static void bitCast(NodePlan node) {
    TensorView x = contiguous(node, 0);
    TensorView y = node.outLike(0, x);
    DataType from = node.operands().type(0).type();
    DataType to = node.operands().output(0).type();
    if (!hasBits(from, x) || !hasBits(to, y)) {
      throw node.unsupported("the bits of " + from.label() + " as " + to.label());
    }
    node.launch(
        "bit_cast",
        y,
        new Arguments()
            .pointers(x, y)
            .number(y.elements())
            .types(x, y)
            .integers(from.code(), to.code()));
  }

  /** Whether the values of a type are stored here with all its bits. */
  private static boolean hasBits(DataType type, TensorView view) {
    boolean isHalf = type == DataType.FLOAT16 || type == DataType.BFLOAT16;
    boolean isWhole = !type.isFloat() && type.bits() >= 8;
    return isWhole
        || view.storage().type() == type
        || (isHalf && view.storage() == ElementType.F32);
  }
}
