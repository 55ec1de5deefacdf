package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code Pad}: each axis has a table of where its places come from; -1 is the constant. */
final class Padding {
  private Padding() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Pad", Padding::pad);
  }

  private static void pad(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    int rank = x.rank();
    long[] pads = node.operands().integers("pads", 1).orElseThrow();
    long[] axes = node.has(3) ? node.operands().requireValue(3).toLongs() : null;
    long[] begin = new long[rank];
    for (int i = 0; i < pads.length / 2; i++) {
      begin[axes == null ? i : x.shape().axis(axes[i])] = pads[i];
    }
    String mode = node.attributes().text("mode", "constant");
    List<Long> table = new ArrayList<>();
    for (int i = rank; i < Loops.RANK; i++) {
      table.add(0L);
    }
    for (int axis = 0; axis < rank; axis++) {
      for (long at = 0; at < y.dim(axis); at++) {
        table.add(source(mode, at - begin[axis], x.dim(axis)));
      }
    }
    TensorView places =
        node.constant("places", table.size(), ElementType.I64, i -> table.get((int) i));
    TensorView value = value(node, x.storage());
    if (value != null) {}
    node.launch(
        "remap",
        y,
        new Arguments()
            .pointers(x, places)
            .pointerOrNull(value)
            .pointer(y)
            .number(y.elements())
            .integers(x.storage().code(), 0)
            .turns(y.shape().dims())
            .strides(x.strides()));
  }

  private static @Nullable TensorView value(NodePlan node, ElementType storage) {
    boolean isAttribute = node.attributes().has("value");
    Optional<Tensor> constant = node.operands().value(2);
    if (!isAttribute && constant.isEmpty()) {
      return node.plainOrNull(2);
    }
    double value =
        isAttribute ? node.attributes().number("value", 0) : constant.orElseThrow().doubleAt(0);
    return node.constant("value", 1, storage, i -> value);
  }

  /** Where place {@code at} (counted from the first element of the input) comes from. */
  static long source(String mode, long at, long size) {
    return switch (mode) {
      case "edge" -> Math.max(0, Math.min(size - 1, at));
      case "wrap" -> Math.floorMod(at, size);
      case "reflect" -> {
        long period = Math.max(1, 2 * (size - 1));
        long folded = Math.floorMod(at, period);
        yield folded < size ? folded : period - folded;
      }
      default -> at >= 0 && at < size ? at : -1;
    };
  }
}
