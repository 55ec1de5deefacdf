package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.View;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that only move elements: most give another view or one copy. */
final class Movement {
  private Movement() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    for (String op : List.of("Reshape", "Flatten", "Squeeze", "Unsqueeze")) {
      operators.put(op, node -> node.alias(0, node.plain(0).reshaped(node.outputShape(0))));
    }
    operators.put("Identity", node -> node.alias(0, node.in(0)));
    operators.put("Dropout", Movement::dropout);
    operators.put("Transpose", Movement::transpose);
    operators.put("Concat", Movement::concat);
    operators.put("Split", Movement::split);
    operators.put("Slice", Movement::slice);
    operators.put("Expand", node -> copied(node, node.in(0).broadcastTo(node.outputShape(0))));
    operators.put("Tile", Movement::tile);
    operators.put("DepthToSpace", Movement::depthToSpace);
    operators.put("SpaceToDepth", Movement::spaceToDepth);
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
    if (node.node().outputs().size() > 1 && node.hasOutput(1)) {
      View mask = node.out(1);
      node.emit(List.of(), List.of(mask), Copies.fill(mask, 1));
    }
  }

  private static void copied(NodePlan node, View from) {
    View to = node.out(0);
    node.emit(List.of(from), List.of(to), Copies.copy(from.as(to.shape(), from.strides()), to));
  }

  private static void transpose(NodePlan node) {
    View x = node.in(0);
    int rank = x.rank();
    long[] reversed = new long[rank];
    Arrays.setAll(reversed, i -> rank - 1 - i);
    long[] order = node.attributes().integers("perm", reversed);
    View turned = x.permuted(Arrays.stream(order).mapToInt(axis -> x.shape().axis(axis)).toArray());
    if (turned.is(Format.PLAIN)) {
      node.alias(0, turned.as(turned.shape(), View.strides(turned.shape(), Format.PLAIN)));
    } else {
      copied(node, turned);
    }
  }

  /**
   * Where all parts lie channels last, so does the whole. A part that was written to its place
   * already is left there, the others are copied; where none is left, nothing is launched.
   */
  private static void concat(NodePlan node) {
    List<View> parts = new ArrayList<>();
    for (int i = 0; i < node.operands().inputCount(); i++) {
      parts.add(node.in(i));
    }
    String value = node.node().outputs().get(0);
    View whole =
        node.out(0, node.draft().laidFormat(value).orElseGet(() -> concatenatedFormat(parts)));
    int axis = whole.shape().axis(node.attributes().integer("axis", 1));
    node.draft().concatenated(value, axis, whole, parts);
    List<View> reads = new ArrayList<>();
    List<Work> works = new ArrayList<>();
    long at = 0;
    for (View part : parts) {
      View place = whole.part(axis, at, part.dim(axis));
      if (part.elements() > 0 && !part.isSamePlace(place)) {
        reads.add(part);
        works.add(Copies.copy(part, place));
      }
      at += part.dim(axis);
    }
    boolean isInPlace = works.isEmpty() && whole.elements() > 0;
    if (!isInPlace) {
      node.emit(reads, List.of(whole), works);
    }
  }

  private static Format concatenatedFormat(List<View> parts) {
    boolean isChannelsLast =
        parts.stream().allMatch(part -> part.is(Format.CHANNELS_LAST))
            && parts.stream().anyMatch(part -> !part.is(Format.PLAIN));
    return isChannelsLast ? Format.CHANNELS_LAST : Format.PLAIN;
  }

  private static void split(NodePlan node) {
    View x = node.in(0);
    int axis = x.shape().axis(node.attributes().integer("axis", 0));
    long at = 0;
    List<View> parts = new ArrayList<>();
    List<Work> works = new ArrayList<>();
    for (int i = 0; i < node.node().outputs().size(); i++) {
      long length = node.hasOutput(i) ? node.outputShape(i).dim(axis) : 0;
      if (node.hasOutput(i)) {
        View part = x.part(axis, at, length);
        View y =
            node.outLike(
                i,
                x.shape().rank() == 4 && x.is(Format.CHANNELS_LAST)
                    ? View.of(x.block(), x.storage(), node.outputShape(i), Format.CHANNELS_LAST)
                    : x);
        parts.add(y);
        if (length > 0) {
          works.add(Copies.copy(part, y));
        }
      }
      at += length;
    }
    node.emit(List.of(x), parts, works);
  }

  private static void slice(NodePlan node) {
    View x = node.in(0);
    Shape out = node.outputShape(0);
    long[] starts = node.operands().integers("starts", 1).orElseThrow();
    long[] axes = node.operands().integers("axes", 3).orElse(null);
    long[] steps = node.has(4) ? node.operands().requireValue(4).toLongs() : null;
    long[] strides = x.strides().clone();
    long offset = 0;
    for (int i = 0; i < starts.length; i++) {
      int axis = axes == null ? i : x.shape().axis(axes[i]);
      long step = steps == null ? 1 : steps[i];
      long size = x.dim(axis);
      long start = starts[i] < 0 ? starts[i] + size : starts[i];
      start = Math.max(0, Math.min(step > 0 ? size : size - 1, start));
      offset += start * x.stride(axis);
      strides[axis] = step * x.stride(axis);
    }
    View part = new View(x.block(), x.offset(), x.storage(), out, strides);
    copied(node, out.elements() == 0 ? part : part.movedBy(offset));
  }

  private static void tile(NodePlan node) {
    View x = node.in(0);
    Shape out = node.outputShape(0); // tells the repeats in every version of the operator
    long[] dims = new long[2 * x.rank()];
    long[] strides = new long[2 * x.rank()];
    for (int i = 0; i < x.rank(); i++) {
      dims[2 * i] = out.dim(i) / Math.max(1, x.dim(i));
      dims[2 * i + 1] = x.dim(i);
      strides[2 * i + 1] = x.stride(i);
    }
    View repeated = x.as(Shape.of(dims), strides);
    View to = node.out(0);
    node.emit(List.of(x), List.of(to), Copies.copy(repeated, to.reshaped(repeated.shape())));
  }

  private static void depthToSpace(NodePlan node) {
    View x = node.plain(0);
    long block = node.attributes().integer("blocksize");
    long channels = x.dim(1) / (block * block);
    boolean isDcr = node.attributes().text("mode", "DCR").equals("DCR");
    View split =
        isDcr
            ? x.reshaped(Shape.of(x.dim(0), block, block, channels, x.dim(2), x.dim(3)))
                .permuted(0, 3, 4, 1, 5, 2)
            : x.reshaped(Shape.of(x.dim(0), channels, block, block, x.dim(2), x.dim(3)))
                .permuted(0, 1, 4, 2, 5, 3);
    View to = node.out(0);
    node.emit(List.of(x), List.of(to), Copies.copy(split, to.reshaped(split.shape())));
  }

  private static void spaceToDepth(NodePlan node) {
    View x = node.plain(0);
    long block = node.attributes().integer("blocksize");
    boolean isDcr = node.attributes().text("mode", "DCR").equals("DCR");
    View cut =
        x.reshaped(Shape.of(x.dim(0), x.dim(1), x.dim(2) / block, block, x.dim(3) / block, block));
    View split = isDcr ? cut.permuted(0, 3, 5, 1, 2, 4) : cut.permuted(0, 1, 3, 5, 2, 4);
    View to = node.out(0);
    node.emit(List.of(x), List.of(to), Copies.copy(split, to.reshaped(split.shape())));
  }
}
