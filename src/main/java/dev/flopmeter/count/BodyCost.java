package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.bind.LoopTrips;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The operators whose work is that of a body: what of it runs, and how often. */
enum BodyCost {
  IF {
    @Override
    Cost count(GraphCount outer, Operands in) {
      GraphCount then = outer.inner(in.node(), body(in, "then_branch"));
      GraphCount otherwise = outer.inner(in.node(), body(in, "else_branch"));
      Optional<Boolean> taken = in.value(0).map(value -> value.longAt(0) != 0);
      boolean isThen = taken.orElse(then.flops() >= otherwise.flops());
      return outer.take(
          isThen ? then : otherwise,
          1,
          taken.isPresent(),
          "If '"
              + outer.path()
              + in.node().name()
              + (taken.isPresent()
                  ? "' is counted with the branch that its constant condition takes"
                  : "' is counted with its larger branch"));
    }
  },
  LOOP {
    @Override
    Cost count(GraphCount outer, Operands in) {
      Graph body = body(in, "body");
      OptionalLong trips = LoopTrips.of(in, body);
      return outer.take(
          outer.inner(in.node(), body),
          trips.orElse(1),
          trips.isPresent(),
          "Loop '"
              + outer.path()
              + in.node().name()
              + (trips.isPresent()
                  ? "' is counted with its " + trips.getAsLong() + " iterations"
                  : "' is counted for one iteration; how many there are depends on data"));
    }
  },
  SCAN {
    @Override
    Cost count(GraphCount outer, Operands in) {
      int scanned = (int) in.attributes().integer("num_scan_inputs");
      int first = in.inputCount() - scanned;
      long[] axes = in.attributes().integers("scan_input_axes", new long[scanned]);
      OptionalLong steps =
          scanned > 0 && in.knownType(first).isPresent()
              ? OptionalLong.of(steps(in, in.shape(first), axes[0]))
              : OptionalLong.empty();
      return outer.take(
          outer.inner(in.node(), body(in, "body")),
          steps.orElse(1),
          steps.isPresent(),
          "Scan '"
              + outer.path()
              + in.node().name()
              + (steps.isPresent()
                  ? "' is counted with its " + steps.getAsLong() + " iterations"
                  : "' is counted for one iteration; how many there are depends on data"));
    }
  },
  SEQUENCE_MAP {
    @Override
    Cost count(GraphCount outer, Operands in) {
      return outer.take(
          outer.inner(in.node(), body(in, "body")),
          1,
          false,
          "SequenceMap '"
              + outer.path()
              + in.node().name()
              + "' is counted for one element; how many there are depends on data");
    }
  };

  static @Nullable BodyCost of(Node node) {
    return switch (node.qualifiedOp()) {
      case "If" -> IF;
      case "Loop" -> LOOP;
      case "Scan" -> SCAN;
      case "SequenceMap" -> SEQUENCE_MAP;
      default -> null;
    };
  }

  /** What one run costs, added to {@code outer}. */
  abstract Cost count(GraphCount outer, Operands in);

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
  private static long steps(Operands in, Shape scanned, long axis) {
    if (in.opset() >= 9) {
      return scanned.dim(scanned.axis(axis));
    }
    return in.value(0)
        .map(lengths -> SequenceLengths.sum(lengths, scanned.dim(1)))
        .orElseGet(() -> Sizes.multiply(scanned.dim(0), scanned.dim(1)));
  }
}
