package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OrtException;
import dev.flopmeter.count.Counter;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * ONNX Runtime's own operators with random attributes, shapes, types and values, compared with ONNX
 * Runtime on the CPU: a few cases of each here, hundreds with {@code -Psweep}. A case depends only
 * on its seed; {@code -Dsweep.seed=N -Dsweep.cases=1} repeats one.
 */
abstract class ContribSweep {
  private static final int CASES = Integer.getInteger("sweep.cases", 4);
  private static final long FIRST_SEED = Long.getLong("sweep.seed", 1);
  private static final long LAST_SEED = FIRST_SEED + CASES;

  /** Fills in a drawn node; by operator. */
  private static final Map<String, Consumer<SweptNode>> DRAWINGS = new LinkedHashMap<>();

  static {
    AttentionDrawings.addTo(DRAWINGS);
    PackedDrawings.addTo(DRAWINGS);
    QuantizedDrawings.addTo(DRAWINGS);
    IntegerDrawings.addTo(DRAWINGS);
    ImageDrawings.addTo(DRAWINGS);
    FusedDrawings.addTo(DRAWINGS);
    SampledDrawings.addTo(DRAWINGS);
  }

  abstract Backend backend();

  /** Whether an operator is skipped if the backend supports none of its cases. */
  abstract boolean mayLackOperators();

  /** The operators that match {@code -Dsweep.only=PATTERN}, or all. */
  static Set<String> operators() {
    String only = System.getProperty("sweep.only", ".*");
    return DRAWINGS.keySet().stream()
        .filter(op -> op.matches(only))
        .collect(java.util.stream.Collectors.toCollection(TreeSet::new));
  }

  private static SweptNode draw(String op, long seed) {
    SweptNode node = new SweptNode(op, new Random(seed * 0x9E3779B97F4A7C15L));
    DRAWINGS.get(op).accept(node);
    return node;
  }

  @ParameterizedTest
  @MethodSource("operators")
  void agreesWithOnnxRuntime(String op) throws OrtException {
    List<String> wrong = new ArrayList<>();
    Set<String> unsupported = new TreeSet<>();
    int without = 0;
    int withoutReference = 0; // ONNX Runtime has some kernels only on some processors
    for (long seed = FIRST_SEED; seed < LAST_SEED; seed++) {
      SweptNode node = draw(op, seed);
      String drawn = "seed " + seed + ": " + node;
      try {
        Graph graph = node.build();
        Map<String, Tensor> expected = OnnxRuntime.run(graph, node.fed());
        try (Plan plan = backend().prepare(graph, RunOptions.DEFAULT)) {
          Map<String, Tensor> actual = plan.run(node.fed());
          expected.forEach(
              (name, tensor) ->
                  node.tolerance()
                      .difference(tensor, actual.get(name))
                      .ifPresent(text -> wrong.add(drawn + ": " + name + " " + text)));
        }
      } catch (UnsupportedOperatorException e) {
        without++;
        unsupported.add(e.getMessage());
      } catch (RuntimeException | OrtException e) {
        if (String.valueOf(e.getMessage()).contains("not yet supported on this hardware")) {
          withoutReference++;
        } else {
          wrong.add(drawn + ": " + e);
        }
      }
    }
    System.out.printf(
        "%s on %s: %d cases from seed %d on, %d without reference, %d unsupported %s%n",
        op, backend().name(), CASES, FIRST_SEED, withoutReference, without, unsupported);
    assertThat(wrong).isEmpty();
    assumeTrue(without < CASES || !mayLackOperators(), () -> "not supported: " + unsupported);
    assertThat(mayLackOperators() ? Set.of() : unsupported).isEmpty();
  }

  /**
   * With one thing changed in a valid case, it is computed, or rejected with one line that names
   * the node. {@code -Dsweep.told=true} prints each.
   */
  @ParameterizedTest
  @MethodSource("operators")
  void misusedIsComputedOrRefusedInOneLine(String op) {
    List<String> wrong = new ArrayList<>();
    for (long seed = FIRST_SEED; seed < LAST_SEED; seed++) {
      SweptNode drawn = draw(op, seed);
      Graph right = drawn.build();
      if (right.nodes().isEmpty()) {
        continue;
      }
      MisusedNode misused = new MisusedNode(right, drawn.fed(), new Random(seed));
      String what = "seed " + seed + ": " + drawn + " with " + misused + ": ";
      if (Boolean.getBoolean("sweep.told")) {
        System.out.println(
            what); // after a crash of a native library the last line identifies the case
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
