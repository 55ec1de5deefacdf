package dev.flopmeter.run;

import dev.flopmeter.device.Device;
import dev.flopmeter.model.Graph;

/** Runs graphs on one device. Close all plans before the backend. */
public interface Backend extends AutoCloseable {
  /** {@code cudnn}, {@code ort} or {@code djl}. */
  String name();

  Device device();

  /** Versions of the libraries it uses, by name, for the result's environment. */
  java.util.Map<String, String> libraries();

  /**
   * Prepares {@code graph}.
   *
   * @throws UnsupportedOperatorException if an operator has no kernel here
   * @throws BackendException if the device fails or its memory does not suffice
   */
  Plan prepare(Graph graph, RunOptions options);

  /** The same, telling {@code progress} of searches. */
  default Plan prepare(Graph graph, RunOptions options, SearchProgress progress) {
    return prepare(graph, options);
  }

  @Override
  void close();
}
