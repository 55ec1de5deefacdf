package dev.flopmeter.model.decompose;

import java.util.List;

/**
 * An operator as a graph of simpler ones, from which its types, its work and its kernels follow.
 *
 * @param text what it is made up of, for the documentation
 */
public record Decomposition(String text, Writer writer) {
  /** Writes the body of one node. */
  @FunctionalInterface
  interface Writer {
    /**
     * Adds the nodes that the operator stands for.
     *
     * @return the values of its outputs, in order
     */
    List<String> write(Body body);
  }

  /** Writes the body of a node with one output. */
  @FunctionalInterface
  interface OneOutput {
    String write(Body body);
  }

  static Decomposition of(String text, OneOutput writer) {
    return new Decomposition(text, body -> List.of(writer.write(body)));
  }
}
