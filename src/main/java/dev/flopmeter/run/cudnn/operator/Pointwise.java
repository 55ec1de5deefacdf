package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Element-wise operators: activations, arithmetic, comparison, selection. */
final class Pointwise {
  private static final Set<Binary> WRAPPING =
      Set.of(Binary.ADD, Binary.SUB, Binary.MUL, Binary.POW, Binary.SHIFT_LEFT);

  private Pointwise() {}

  private static Operators.Operator unary(List<String> row) {
    Unary kind = Unary.valueOf(row.get(1));
    return node -> unary(node, kind, parameter(node, row, 2), parameter(node, row, 4));
  }

  private static double parameter(NodePlan node, List<String> row, int place) {
    String name = row.get(place);
    return name.isEmpty() ? 0 : number(node, name, Double.parseDouble(row.get(place + 1)));
  }

  static void addTo(Map<String, Operators.Operator> operators) {
    Csv.rows(Pointwise.class, "unary.csv").forEach(row -> operators.put(row.get(0), unary(row)));
    operators.put(
        "Gelu",
        node ->
            unary(
                node,
                node.attributes().text("approximate", "none").equals("tanh")
                    ? Unary.GELU_TANH
                    : Unary.GELU,
                0));
    for (List<String> row : Csv.rows(Pointwise.class, "binary.csv")) {
      Binary kind = Binary.valueOf(row.get(1));
      operators.put(row.get(0), node -> binary(node, kind));
    }
    operators.put(
        "Mod",
        node -> binary(node, node.attributes().flag("fmod", false) ? Binary.FMOD : Binary.MOD));
    operators.put("BitShift", Pointwise::shift);
    operators.put("BitwiseNot", Pointwise::bitwiseNot);
    operators.put("Sum", node -> variadic(node, Binary.ADD));
    operators.put("Max", node -> variadic(node, Binary.MAX));
    operators.put("Min", node -> variadic(node, Binary.MIN));
    operators.put("Clip", Pointwise::clip);
    operators.put("Cast", Pointwise::cast);
    operators.put("CastLike", Pointwise::cast);
    operators.put("BitCast", Pointwise::bitCast);
    operators.put("Where", Pointwise::where);
  }

  private static void shift(NodePlan node) {
    boolean isLeft = node.attributes().text("direction", "").equals("LEFT");
    binary(node, isLeft ? Binary.SHIFT_LEFT : right(node));
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
  static void wrap(NodePlan node, TensorView view, DataType type) {
    if (bits(type) != 0 && view.storage() == ElementType.I64) {
      node.launch(Binary.MAX.work(view, view, view, bits(type)));
    }
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

  static double number(NodePlan node, String name, double absent) {
    return node.attributes().number(name, (float) absent);
  }

  /** The input if it is contiguous in whatever order, otherwise packed. */
  static TensorView contiguous(NodePlan node, int input) {
    TensorView x = node.in(input);
    return x.is(MemoryLayout.PLAIN) || x.is(MemoryLayout.CHANNELS_LAST) ? x : node.plain(input);
  }

  static void unary(NodePlan node, Unary kind, double a) {
    unary(node, kind, a, 0);
  }

  private static void unary(NodePlan node, Unary kind, double a, double b) {
    TensorView x = contiguous(node, 0);
    TensorView y = node.outLike(0, x);
    node.launch(kind.work(x, y, a, b));
  }

  private static void binary(NodePlan node, Binary kind) {
    TensorView a = node.in(0);
    TensorView b = legacyBroadcast(node, node.in(1));
    TensorView y = node.outLike(0, a.elements() >= b.elements() ? a : b);
    int bits = WRAPPING.contains(kind) ? bits(node.operands().output(0).type()) : 0;
    node.launch(kind.work(a, b, y, bits));
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

  private static void variadic(NodePlan node, Binary kind) {
    int count = node.operands().inputCount();
    TensorView y = node.outLike(0, node.in(0));
    node.launch(CopyKernels.copy(node.in(0).broadcastTo(y.shape()), y));
    for (int i = 1; i < count; i++) {
      node.launch(kind.work(y, node.in(i), y));
    }
  }

  private static void clip(NodePlan node) {
    Optional<Double> low = bound(node, "min", 1);
    Optional<Double> high = bound(node, "max", 2);
    boolean isConstant = (!node.has(1) || low.isPresent()) && (!node.has(2) || high.isPresent());
    TensorView x = contiguous(node, 0);
    TensorView y = node.outLike(0, x);
    if (isConstant) {
      node.launch(
          Unary.CLIP.work(
              x, y, low.orElse(Double.NEGATIVE_INFINITY), high.orElse(Double.POSITIVE_INFINITY)));
      return;
    }
    TensorView from = x;
    for (int i = 1; i <= 2; i++) {
      if (node.has(i)) {
        TensorView bound = node.in(i);
        node.launch((i == 1 ? Binary.MAX : Binary.MIN).work(from, bound, y));
        from = y;
      }
    }
  }

  private static Optional<Double> bound(NodePlan node, String attribute, int input) {
    if (node.attributes().has(attribute)) {
      return Optional.of((double) node.attributes().number(attribute, 0));
    }
    return node.operands().value(input).map((Tensor bound) -> bound.doubleAt(0));
  }

  /** Between floats of 16 bits and more nothing changes here: all have the plan's precision. */
  private static void cast(NodePlan node) {
    TensorView x = node.in(0);
    DataType type = node.operands().output(0).type();
    if (NarrowFloat.of(type).isPresent() && node.operands().type(0).type() != type) {
      TensorView from = contiguous(node, 0);
      boolean saturates = node.attributes().flag("saturate", true);
      node.launch(NarrowFloat.of(type).get().work(from, node.outLike(0, from), saturates));
      return;
    }
    ElementType to = node.builder().storageOf(node.operands().output(0));
    DataType given = node.operands().type(0).type();
    boolean isBool = type == DataType.BOOL && given != DataType.BOOL;
    boolean isNarrowed = given.isInteger() && bits(type) != 0 && !isWithin(given, type);
    if (to == x.storage() && !isBool && !isNarrowed) {
      node.alias(0, x);
      return;
    }
    TensorView from = contiguous(node, 0);
    TensorView y = node.outLike(0, from);
    if (!isBool) {
      node.launch(Unary.IDENTITY.work(from, y));
      if (isNarrowed) {
        wrap(node, y, type);
      }
      return;
    }
    node.launch(Unary.NOT.work(from, y), Unary.NOT.work(y, y));
  }

  /** Whether {@code to} holds all integers that {@code from} does. */
  private static boolean isWithin(DataType from, DataType to) {
    boolean isUnsigned = from.name().startsWith("U");
    boolean isSame = isUnsigned == to.name().startsWith("U");
    return isSame ? from.bits() <= to.bits() : isUnsigned && from.bits() < to.bits();
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

  private static void where(NodePlan node) {
    TensorView condition = node.in(0);
    TensorView a = node.in(1);
    TensorView b = node.in(2);
    TensorView y = node.outLike(0, a.elements() >= b.elements() ? a : b);
    Loops loops =
        Loops.over(
            y.shape(),
            y,
            condition.broadcastTo(y.shape()),
            a.broadcastTo(y.shape()),
            b.broadcastTo(y.shape()));
    node.launch(
        "select",
        y,
        new Arguments()
            .pointers(condition, a, b, y)
            .number(y.elements())
            .types(condition, a, b, y)
            .loops(loops, 1, 2, 3, 0));
  }
}
