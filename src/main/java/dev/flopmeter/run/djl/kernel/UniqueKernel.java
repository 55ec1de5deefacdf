package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Operands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Unique elements, or unique slices of one axis, sorted or as they come, with where they first are,
 * where each element went, and how often each is there.
 */
final class UniqueKernel {
  private UniqueKernel() {}

  static Kernel of(Operands in) {
    Optional<Long> axis =
        in.attributes().has("axis")
            ? Optional.of((long) in.shape(0).axis(in.attributes().integer("axis")))
            : Optional.empty();
    List<String> lines = new ArrayList<>();
    lines.add(
        "y, inverse, counts = "
            + axis.map(at -> "torch.unique_dim(x0, " + at + ", True, True, True)")
                .orElse("torch._unique2(x0, True, True, True)"));
    lines.add("inverse = torch.reshape(inverse, [-1])");
    lines.add("n = torch.size(inverse, 0)");
    lines.add(
        "first = torch.scatter_reduce(torch.full_like(counts, n), 0, inverse, torch.arange(n),"
            + " \"amin\")");
    if (!in.attributes().flag("sorted", true)) {
      lines.add("order = torch.argsort(first)");
      lines.add("y = torch.index_select(y, " + axis.orElse(0L) + ", order)");
      lines.add("first = torch.index_select(first, 0, order)");
      lines.add("counts = torch.index_select(counts, 0, order)");
      lines.add("inverse = torch.index_select(torch.argsort(order), 0, inverse)");
    }
    lines.add("return (y, first, inverse, counts)");
    return Kernel.statements(4, lines.toArray(String[]::new));
  }
}
