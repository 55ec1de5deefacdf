package dev.flopmeter.run;

import dev.flopmeter.count.RunFacts;
import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import java.util.Map;
import java.util.Optional;

/** Runs graphs on one device. Close all plans before the backend. */
public interface Backend extends AutoCloseable {
  /** {@code cudnn}, {@code ort} or {@code djl}. */
  String name();

  Device device();

  /** Versions of its libraries, by name, for the result's environment. */
  Map<String, String> libraries();

  /**
   * Rejects a precision that the device lacks, before any work.
   *
   * @throws UnsupportedPrecisionException if no graph runs in it
   */
  default void requireSupport(Precision precision) {}

  /**
   * Prepares {@code graph}.
   *
   * @throws UnsupportedOperatorException if an operator has no kernel here
   * @throws BackendException if the device fails or its memory does not suffice
   */
  Plan prepare(Graph graph, RunOptions options);

  /** The same, reporting searches to {@code progress}. */
  default Plan prepare(Graph graph, RunOptions options, SearchProgress progress) {
    return prepare(graph, options);
  }

  /**
   * The data-dependent facts of one run of {@code graph}; nothing if the backend cannot report
   * them.
   *
   * @throws UnsupportedOperatorException if an operator has no kernel here
   */
  default Optional<RunFacts> facts(Graph graph, Map<String, Tensor> inputs) {
    return Optional.empty();
  }

  /** Gives back what it holds, if it holds anything. */
  @Override
  default void close() {}
}
