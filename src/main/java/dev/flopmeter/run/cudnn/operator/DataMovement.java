package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.SliceRange;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
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
    operators.put("Concat", DataMovement::concat);
    operators.put("Slice", DataMovement::slice);
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
      node.launch(CopyKernels.copy(view, node.out(0)));
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
}
