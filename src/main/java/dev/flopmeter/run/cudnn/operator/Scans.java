package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Map;

/** Operators that walk along one axis: places of extremes, order, running sums. */
final class Scans {
  private Scans() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("ArgMax", node -> argument(node, false));
    operators.put("ArgMin", node -> argument(node, true));
    operators.put("TopK", Scans::topK);
    operators.put("CumSum", node -> cumulate(node, false));
    operators.put("CumProd", node -> cumulate(node, true));
  }

  private static void argument(NodePlan node, boolean smallest) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    int axis = x.shape().axis(node.attributes().integer("axis", 0));
    node.launch(
        "arg_reduce",
        y,
        new Arguments()
            .pointers(x, y)
            .numbers(y.elements(), x.dim(axis), x.shape().elements(axis + 1, x.rank()))
            .integer(smallest ? 1 : 0)
            .integer(node.attributes().flag("select_last_index", false) ? 1 : 0)
            .types(x));
  }

  private static void topK(NodePlan node) {
    TensorView x = node.plain(0);
    int axis = x.shape().axis(node.attributes().integer("axis", -1));
    TensorView values =
        node.hasOutput(0) ? node.out(0) : node.scratch("values", node.outputShape(1), x.storage());
    TensorView indices =
        node.hasOutput(1) ? node.out(1) : node.scratch("indices", values.shape(), ElementType.I64);
    long inner = x.shape().elements(axis + 1, x.rank());
    long lines = x.elements() / Math.max(1, x.dim(axis));
    node.launch(
        "top_k",
        lines,
        new Arguments()
            .pointers(x, values, indices)
            .numbers(lines, x.dim(axis), inner, values.dim(axis))
            .integer(node.attributes().flag("largest", true) ? 0 : 1)
            .types(x));
  }

  private static void cumulate(NodePlan node, boolean product) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    Tensor given = node.operands().requireValue(1);
    int axis = x.shape().axis(given.longAt(0));
    long lines = x.elements() / Math.max(1, x.dim(axis));
    node.launch(
        "cumulate",
        lines,
        new Arguments()
            .pointers(x, y)
            .numbers(lines, x.dim(axis), x.shape().elements(axis + 1, x.rank()))
            .integer(node.attributes().flag("exclusive", false) ? 1 : 0)
            .integer(node.attributes().flag("reverse", false) ? 1 : 0)
            .integer(product ? 1 : 0)
            .types(x));
    Pointwise.wrap(node, y, node.operands().output(0).type());
  }
}
