package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.Counter;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * ONNX Runtime's own operators, each drawn right and then changed in one thing: every case is
 * computed, or refused by one line that names the node. {@code -Dsweep.told=true} prints each.
 */
abstract class MisuseSweep {
  abstract Backend backend();

  static Set<String> operators() {
    return ContribSweep.operators();
  }

  @ParameterizedTest
  @MethodSource("operators")
  void isComputedOrRefusedInOneLine(String op) {
    List<String> wrong = new ArrayList<>();
    for (long seed = ContribSweep.FIRST_SEED; seed < ContribSweep.LAST_SEED; seed++) {
      SweptNode drawn = ContribSweep.draw(op, seed);
      Graph right = drawn.build();
      if (right.nodes().isEmpty()) {
        continue;
      }
      MisusedNode misused = new MisusedNode(right, drawn.fed(), new Random(seed));
      String what = "seed " + seed + ": " + drawn + " with " + misused + ": ";
      if (Boolean.getBoolean("sweep.told")) {
        System.out.println(what); // after a crash of a native library the last one tells the case
      }
      try {
        Graph graph = misused.build();
        Counter.standard().count(graph);
        try (Plan plan = backend().prepare(graph, RunOptions.DEFAULT)) {
          plan.run(misused.fed());
        }
      } catch (ModelException | BackendException e) {
        String message = String.valueOf(e.getMessage());
        if (!message.contains("'n") || message.contains("\n")) {
          wrong.add(what + e);
        }
      } catch (RuntimeException e) {
        wrong.add(what + e);
      }
    }
    assertThat(wrong).isEmpty();
  }
}
