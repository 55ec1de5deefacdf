package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.parts;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import dev.flopmeter.model.Operands;
import java.util.List;

/**
 * Unique elements, or unique slices of one axis, sorted or in order of appearance, with the index
 * of each first occurrence, the index of each element among the results, and the counts.
 */
final class UniqueKernel {
  private UniqueKernel() {}

  static Kernel of(Operands in) {
    boolean hasAxis = in.attributes().has("axis");
    int axis = hasAxis ? in.shape(0).axis(in.attributes().integer("axis")) : 0;
    List<Expression> found =
        parts(
            3,
            hasAxis
                ? call("unique_dim", input(0), axis, true, true, true)
                : call("_unique2", input(0), true, true, true));
    Expression inverse = LayoutKernels.reshaped(found.get(1), -1);
    Expression counts = found.get(2);
    Expression size = call("size", inverse, 0);
    Expression first =
        call(
            "scatter_reduce",
            call("full_like", counts, size),
            0,
            inverse,
            call("arange", size),
            word("amin"));
    if (in.attributes().flag("sorted", true)) {
      return Kernel.of(found.get(0), first, inverse, counts);
    }
    Expression order = call("argsort", first);
    return Kernel.of(
        call("index_select", found.get(0), axis, order),
        call("index_select", first, 0, order),
        call("index_select", call("argsort", order), 0, inverse),
        call("index_select", counts, 0, order));
  }
}
