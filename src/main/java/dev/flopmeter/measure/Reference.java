package dev.flopmeter.measure;

import dev.flopmeter.count.RunFacts;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import java.util.Map;
import java.util.Optional;

/** Computes the outputs that a plan's are compared with. */
public interface Reference extends AutoCloseable {
  /** How the result names it, such as {@code djl} or {@code djl, unfused}. */
  String name();

  /** The outputs of {@code graph} in float32. */
  Map<String, Tensor> outputs(Graph graph, Map<String, Tensor> inputs);

  /** What a run of {@code graph} shows of what depends on data, if known. */
  default Optional<RunFacts> facts(Graph graph, Map<String, Tensor> inputs) {
    return Optional.empty();
  }

  @Override
  default void close() {}
}
