package dev.flopmeter.model.bind;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How often the body of a Loop runs, by ONNX's rules: as often as the trip count says, unless a
 * condition ends it. A loop without a condition input ignores its body's condition.
 */
public final class LoopTrips {
  private LoopTrips() {}

  /**
   * The number of runs of {@code body}, if constants alone determine it.
   *
   * @param in the operands of the Loop
   */
  public static OptionalLong of(Operands in, Graph body) {
    OptionalLong limit =
        in.value(0)
            .map(count -> OptionalLong.of(Math.max(0, count.longAt(0))))
            .orElse(OptionalLong.empty());
    if (!in.has(1)) {
      return limit;
    }
    Optional<Boolean> starts = in.value(1).map(LoopTrips::isTrue);
    if (starts.isPresent() && !starts.get()) {
      return OptionalLong.of(0);
    }
    boolean goesOn =
        handsOn(body) || body.constant(body.outputs().get(0)).map(LoopTrips::isTrue).orElse(false);
    if (starts.isPresent() && goesOn && !in.has(0)) {
      throw new ModelException("it never ends: no trip count, and the condition is always true");
    }
    return starts.isPresent() && goesOn ? limit : OptionalLong.empty();
  }

  private static boolean isTrue(Tensor condition) {
    return condition.longAt(0) != 0;
  }

  /** Whether the body's condition is its condition input, as exporters write counted loops. */
  private static boolean handsOn(Graph body) {
    String value = body.outputs().get(0);
    for (int i = body.nodes().size() - 1; i >= 0; i--) {
      Node node = body.nodes().get(i);
      if (node.qualifiedOp().equals("Identity") && node.outputs().contains(value)) {
        value = node.inputs().get(0);
      }
    }
    return body.inputs().size() > 1 && value.equals(body.inputs().get(1));
  }
}
