package dev.flopmeter.measure;

import dev.flopmeter.count.RunFacts;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import java.util.Map;
import java.util.Optional;

/** Computes the reference for a plan's outputs. */
public interface Reference extends AutoCloseable {
  /** Its name in the result, such as {@code djl} or {@code djl, unfused}. */
  String name();

  /** The outputs of {@code graph} in float32. */
  Map<String, Tensor> outputs(Graph graph, Map<String, Tensor> inputs);

  /** The data-dependent facts of a run of {@code graph}, if known. */
  default Optional<RunFacts> facts(Graph graph, Map<String, Tensor> inputs) {
    return Optional.empty();
  }

  @Override
  default void close() {}
}
