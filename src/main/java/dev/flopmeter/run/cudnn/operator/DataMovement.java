package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.SliceRange;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that only move elements: most give another view or one copy. */
final class DataMovement {
  private DataMovement() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    for (String op : OperatorTrait.RESHAPING.operators()) {
      operators.put(op, node -> node.alias(0, node.plain(0).reshaped(node.outputShape(0))));
    }
    operators.put("Identity", node -> node.alias(0, node.in(0)));
    operators.put("Dropout", DataMovement::dropout);
    operators.put("Transpose", DataMovement::transpose);
    operators.put("Concat", DataMovement::concat);
    operators.put("Split", DataMovement::split);
    operators.put("Slice", DataMovement::slice);
    operators.put("Expand", node -> copied(node, node.in(0).broadcastTo(node.outputShape(0))));
    operators.put("Tile", DataMovement::tile);
  }

  private static void dropout(NodePlan node) {
    boolean isTraining =
        node.has(2) && node.operands().value(2).map(flag -> flag.doubleAt(0) != 0).orElse(true);
    boolean mayDrop =
        !node.has(1) || node.operands().value(1).map(rate -> rate.doubleAt(0) != 0).orElse(true);
    if (isTraining && mayDrop) {
      throw node.unsupported("in training mode it draws random numbers");
    }
    node.alias(0, node.in(0));
    if (node.hasOutput(1)) {
      TensorView mask = node.out(1);
      node.launch(CopyKernels.fill(mask, 1));
    }
  }

  private static void copied(NodePlan node, TensorView from) {
    TensorView to = node.out(0);
    node.launch(CopyKernels.copy(from.as(to.shape(), from.strides()), to));
  }

  /** The elements of {@code from}, whatever its shape, in their order. */
  private static void packed(NodePlan node, TensorView from) {
    node.launch(CopyKernels.copy(from, node.out(0).reshaped(from.shape())));
  }

  private static void transpose(NodePlan node) {
    TensorView x = node.in(0);
    int rank = x.rank();
    long[] reversed = new long[rank];
    Arrays.setAll(reversed, i -> rank - 1 - i);
    long[] order = node.attributes().integers("perm", reversed);
    TensorView turned =
        x.permuted(Arrays.stream(order).mapToInt(axis -> x.shape().axis(axis)).toArray());
    if (turned.is(MemoryLayout.PLAIN)) {
      node.alias(
          0, turned.as(turned.shape(), TensorView.strides(turned.shape(), MemoryLayout.PLAIN)));
    } else {
      copied(node, turned);
    }
  }

  /**
   * Where all parts lie channels last, so does the whole. A part that was written to its place
   * already is left there, the others are copied; where none is left, nothing is launched.
   */
  private static void concat(NodePlan node) {
    List<TensorView> parts = new ArrayList<>();
    for (int i = 0; i < node.operands().inputCount(); i++) {
      parts.add(node.in(i));
    }
    String value = node.node().outputs().get(0);
    TensorView whole =
        node.out(0, node.builder().laidFormat(value).orElseGet(() -> concatenatedFormat(parts)));
    int axis = whole.shape().axis(node.attributes().integer("axis", 1));
    node.builder().concatenated(value, axis, whole, parts);
    long at = 0;
    for (TensorView part : parts) {
      TensorView place = whole.part(axis, at, part.dim(axis));
      if (part.elements() > 0 && !part.isSamePlace(place)) {
        node.launch(CopyKernels.copy(part, place));
      }
      at += part.dim(axis);
    }
  }

  private static MemoryLayout concatenatedFormat(List<TensorView> parts) {
    boolean isChannelsLast =
        parts.stream().allMatch(part -> part.is(MemoryLayout.CHANNELS_LAST))
            && parts.stream().anyMatch(part -> !part.is(MemoryLayout.PLAIN));
    return isChannelsLast ? MemoryLayout.CHANNELS_LAST : MemoryLayout.PLAIN;
  }

  private static void split(NodePlan node) {
    TensorView x = node.in(0);
    int axis = x.shape().axis(node.attributes().integer("axis", 0));
    long at = 0;
    for (int i = 0; i < node.node().outputs().size(); i++) {
      long length = node.hasOutput(i) ? node.outputShape(i).dim(axis) : 0;
      if (node.hasOutput(i)) {
        TensorView part = x.part(axis, at, length);
        TensorView y = node.out(i, x.layout());
        if (length > 0) {
          node.launch(CopyKernels.copy(part, y));
        }
      }
      at += length;
    }
  }

  private static void slice(NodePlan node) {
    TensorView x = node.in(0);
    Shape out = node.outputShape(0);
    SliceRange[] ranges = SliceRange.of(node.operands());
    long[] strides = x.strides().clone();
    long offset = 0;
    for (int axis = 0; axis < ranges.length; axis++) {
      offset += ranges[axis].start() * x.stride(axis);
      strides[axis] *= ranges[axis].step();
    }
    TensorView part = new TensorView(x.block(), x.offset(), x.storage(), out, strides);
    TensorView view = out.elements() == 0 ? part : part.movedBy(offset);
    if (isForAttention(node)) {
      node.alias(0, view);
    } else {
      copied(node, view);
    }
  }

  /** Attention takes heads wherever they lie. */
  private static boolean isForAttention(NodePlan node) {
    GraphLinks links = node.builder().links();
    String value = node.node().outputs().get(0);
    List<Node> readers = links.readers(value);
    return !links.isReturned(value)
        && !readers.isEmpty()
        && readers.stream().allMatch(reader -> reader.qualifiedOp().equals("Attention"));
  }

  private static void tile(NodePlan node) {
    TensorView x = node.in(0);
    Shape out = node.outputShape(0); // tells the repeats in every version of the operator
    long[] dims = new long[2 * x.rank()];
    long[] strides = new long[2 * x.rank()];
    for (int i = 0; i < x.rank(); i++) {
      dims[2 * i] = out.dim(i) / Math.max(1, x.dim(i));
      dims[2 * i + 1] = x.dim(i);
      strides[2 * i + 1] = x.stride(i);
    }
    packed(node, x.as(Shape.of(dims), strides));
  }
}
