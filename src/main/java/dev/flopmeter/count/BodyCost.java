package dev.flopmeter.count;

import dev.flopmeter.count.RunFacts.BodyRun;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.bind.LoopTrips;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The operators whose work is that of a body: what of it runs, and how often. */
final class BodyCost {
  private BodyCost() {}

  static boolean isKnown(Node node) {
    return OperatorTrait.CONTROL_FLOW.of(node);
  }

  /** The cost of one run, added to {@code outer}. */
  static Cost count(GraphCount outer, Operands in) {
    return switch (in.node().qualifiedOp()) {
      case "If" -> branch(outer, in);
      case "Loop" -> repeated(outer, in, LoopTrips.of(in, body(in, "body")), "one iteration");
      case "Scan" -> repeated(outer, in, steps(in), "one iteration");
      default -> repeated(outer, in, OptionalLong.empty(), "one element");
    };
  }

  private static Cost branch(GraphCount outer, Operands in) {
    Optional<Boolean> taken = in.value(0).map(value -> value.longAt(0) != 0);
    String constant = taken.isPresent() ? "with the branch that its constant condition takes" : "";
    Map<BodyRun, Long> runs = outer.runs(in.node());
    if (runs != null) {
      return asRun(outer, in, runs, constant.isEmpty() ? "with the branch of the run" : constant);
    }
    GraphCount then = outer.inner(in.node(), body(in, "then_branch"), null);
    GraphCount otherwise = outer.inner(in.node(), body(in, "else_branch"), null);
    boolean isThen = taken.orElse(then.flops() >= otherwise.flops());
    if (taken.isEmpty()) {
      outer.addUncounted(isThen ? otherwise : then); // it may be the larger one
    }
    String note = counted(outer, in) + (constant.isEmpty() ? "with its larger branch" : constant);
    return outer.take(Map.of(isThen ? then : otherwise, 1L), taken.isPresent(), note);
  }

  private static Cost repeated(GraphCount outer, Operands in, OptionalLong times, String one) {
    String constant = times.isPresent() ? "with its " + times.getAsLong() + " iterations" : "";
    Map<BodyRun, Long> runs = outer.runs(in.node());
    if (runs != null) {
      long trips = runs.values().stream().mapToLong(Long::longValue).sum();
      String shown = "with the " + trips + " iterations of the run";
      return asRun(outer, in, runs, constant.isEmpty() ? shown : constant);
    }
    String open = "for " + one + "; their number depends on data";
    return outer.take(
        Map.of(outer.inner(in.node(), body(in, "body"), null), times.orElse(1)),
        times.isPresent(),
        counted(outer, in) + (constant.isEmpty() ? open : constant));
  }

  /** The bodies that a run executed, with their shapes; if none ran, the weights still count. */
  private static Cost asRun(GraphCount outer, Operands in, Map<BodyRun, Long> runs, String note) {
    Map<GraphCount, Long> bodies = new LinkedHashMap<>();
    runs.forEach(
        (run, times) ->
            bodies.put(outer.inner(in.node(), body(in, run.attribute()), run.facts()), times));
    if (runs.isEmpty()) {
      bodies.put(outer.inner(in.node(), body(in, "body"), null), 0L);
    }
    return outer.take(bodies, true, counted(outer, in) + note);
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
            .map(lengths -> WorkEquations.sum(lengths, scanned.dim(1)))
            .orElseGet(() -> Sizes.multiply(scanned.dim(0), scanned.dim(1))));
  }
}
