package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.PackedTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Arrays;
import java.util.Map;

/** Reading and writing at computed places. */
final class Indexing {
  private Indexing() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Gather", Indexing::gather);
    operators.put("GatherElements", Indexing::gatherElements);
    operators.put("GatherND", Indexing::gatherNd);
    operators.put("ScatterElements", Indexing::scatterElements);
    operators.put("Scatter", Indexing::scatterElements);
    operators.put("ScatterND", Indexing::scatterNd);
  }

  private static void gather(NodePlan node) {
    long along = node.attributes().integer("axis", 0);
    if (node.operands().value(0).orElse(null) instanceof PackedTensor packed) {
      Quantization.unpack(node, packed, node.plain(1), packed.shape().axis(along), node.out(0));
      return;
    }
    TensorView x = node.plain(0);
    TensorView indices = node.plain(1);
    TensorView y = node.out(0);
    int axis = x.shape().axis(along);
    node.launch(
        "gather",
        y,
        new Arguments()
            .pointers(x, indices, y)
            .numbers(
                y.elements(),
                x.dim(axis),
                x.shape().elements(axis + 1, x.rank()),
                indices.elements())
            .types(x));
  }

  private static void gatherElements(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView indices = node.plain(1);
    TensorView y = node.out(0);
    int axis = x.shape().axis(node.attributes().integer("axis", 0));
    long[] strides = x.strides().clone();
    strides[axis] = 0;
    node.launch(
        "gather_elements",
        y,
        new Arguments()
            .pointers(x, indices, y)
            .numbers(y.elements(), x.dim(axis), x.stride(axis))
            .integers(x.storage().code(), 0)
            .turns(indices.shape().dims())
            .strides(strides));
  }

  private static int[] trailed(Shape shape) {
    int[] all = new int[Loops.RANK];
    for (int i = 0; i < shape.rank(); i++) {
      all[i] = Math.toIntExact(shape.dim(i));
    }
    return all;
  }

  private static void gatherNd(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView indices = node.plain(1);
    TensorView y = node.out(0);
    int batch = Math.toIntExact(node.attributes().integer("batch_dims", 0));
    int depth = Math.toIntExact(indices.dim(-1 + indices.rank()));
    long tuples = indices.elements() / Math.max(1, depth);
    long batches = x.shape().elements(0, batch);
    Shape indexed = x.shape().slice(batch, batch + depth);
    long[] strides = Arrays.copyOfRange(x.strides(), batch, Loops.RANK + batch);
    node.launch(
        "gather_nd",
        y,
        new Arguments()
            .pointers(x, indices, y)
            .numbers(
                y.elements(),
                x.shape().elements(batch + depth, x.rank()),
                depth,
                Math.max(1, tuples / Math.max(1, batches)),
                x.shape().elements(batch, x.rank()))
            .integers(x.storage().code(), 0)
            .integers(trailed(indexed))
            .numbers(strides));
  }

  /** The numbers of {@code gather.c}. */
  private static int reduction(NodePlan node) {
    return switch (node.attributes().text("reduction", "none")) {
      case "add" -> 1;
      case "mul" -> 2;
      case "max" -> 3;
      case "min" -> 4;
      default -> 0;
    };
  }

  private static void scatterElements(NodePlan node) {
    TensorView x = node.in(0);
    TensorView indices = node.plain(1);
    TensorView updates = node.plain(2);
    TensorView y = node.out(0);
    int axis = x.shape().axis(node.attributes().integer("axis", 0));
    long[] lines = indices.shape().dims();
    lines[axis] = 1;
    node.launch(CopyKernels.copy(x, y));
    node.launch(
        "scatter_elements",
        Shape.of(lines).elements(),
        new Arguments()
            .pointers(y, indices, updates)
            .numbers(
                Shape.of(lines).elements(),
                indices.dim(axis),
                indices.stride(axis),
                y.dim(axis),
                y.stride(axis))
            .integers(reduction(node), y.storage().code())
            .turns(lines)
            .strides(y.strides())
            .strides(indices.strides()));
  }

  private static void scatterNd(NodePlan node) {
    TensorView x = node.in(0);
    TensorView indices = node.plain(1);
    TensorView updates = node.plain(2);
    TensorView y = node.out(0);
    int depth = Math.toIntExact(indices.dim(indices.rank() - 1));
    long slice = y.shape().elements(depth, y.rank());
    node.launch(CopyKernels.copy(x, y));
    node.launch(
        "scatter_nd",
        slice,
        new Arguments()
            .pointers(y, indices, updates)
            .numbers(slice, indices.elements() / Math.max(1, depth), depth)
            .integers(reduction(node), y.storage().code())
            .integers(trailed(y.shape().slice(0, depth)))
            .numbers(Arrays.copyOf(y.strides(), Loops.RANK)));
  }
}
