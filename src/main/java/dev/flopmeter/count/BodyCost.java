package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.bind.LoopTrips;
import java.util.Optional;
import java.util.OptionalLong;

/** The operators whose work is that of a body: what of it runs, and how often. */
final class BodyCost {
  private BodyCost() {}

  static boolean isKnown(Node node) {
    return OperatorTrait.CONTROL_FLOW.of(node);
  }

  /** What one run costs, added to {@code outer}. */
  static Cost count(GraphCount outer, Operands in) {
    return switch (in.node().qualifiedOp()) {
      case "If" -> branch(outer, in);
      case "Loop" -> repeated(outer, in, LoopTrips.of(in, body(in, "body")), "one iteration");
      case "Scan" -> repeated(outer, in, steps(in), "one iteration");
      default -> repeated(outer, in, OptionalLong.empty(), "one element");
    };
  }

  private static Cost branch(GraphCount outer, Operands in) {
    GraphCount then = outer.inner(in.node(), body(in, "then_branch"));
    GraphCount otherwise = outer.inner(in.node(), body(in, "else_branch"));
    Optional<Boolean> taken = in.value(0).map(value -> value.longAt(0) != 0);
    boolean isThen = taken.orElse(then.flops() >= otherwise.flops());
    String note =
        taken.isPresent()
            ? "with the branch that its constant condition takes"
            : "with its larger branch";
    return outer.take(isThen ? then : otherwise, 1, taken.isPresent(), counted(outer, in) + note);
  }

  private static Cost repeated(GraphCount outer, Operands in, OptionalLong times, String one) {
    String note =
        times.isPresent()
            ? "with its " + times.getAsLong() + " iterations"
            : "for " + one + "; how many there are depends on data";
    return outer.take(
        outer.inner(in.node(), body(in, "body")),
        times.orElse(1),
        times.isPresent(),
        counted(outer, in) + note);
  }

  private static String counted(GraphCount outer, Operands in) {
    return in.node().op() + " '" + outer.path() + in.node().name() + "' is counted ";
  }

  private static Graph body(Operands in, String attribute) {
    return in.attributes()
        .body(attribute)
        .orElseThrow(
            () -> new IllegalStateException("binding leaves no " + attribute + " without shapes"));
  }

  /**
   * The size of the scanned axis. Before opset 9 that is the second one, each sequence of a batch
   * is scanned, and the first input may hold their lengths.
   */
  private static OptionalLong steps(Operands in) {
    int count = (int) in.attributes().integer("num_scan_inputs");
    int first = in.inputCount() - count;
    if (count <= 0 || in.knownType(first).isEmpty()) {
      return OptionalLong.empty();
    }
    Shape scanned = in.shape(first);
    if (in.opset() >= 9) {
      long axis = in.attributes().integers("scan_input_axes", new long[count])[0];
      return OptionalLong.of(scanned.dim(scanned.axis(axis)));
    }
    return OptionalLong.of(
        in.value(0)
            .map(lengths -> RecurrentCosts.sum(lengths, scanned.dim(1)))
            .orElseGet(() -> Sizes.multiply(scanned.dim(0), scanned.dim(1))));
  }
}
