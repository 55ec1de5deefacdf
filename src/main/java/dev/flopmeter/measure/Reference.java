package dev.flopmeter.measure;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import java.util.Map;

/** Computes the outputs that a plan's are compared with. */
public interface Reference extends AutoCloseable {
  /** How the result names it, such as {@code djl} or {@code djl, unfused}. */
  String name();

  /** The outputs of {@code graph} in float32. */
  Map<String, Tensor> outputs(Graph graph, Map<String, Tensor> inputs);

  @Override
  default void close() {}
}
