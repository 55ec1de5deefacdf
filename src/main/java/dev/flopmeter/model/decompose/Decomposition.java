package dev.flopmeter.model.decompose;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * An operator as a graph of simpler ones, from which its types, its work and its kernels follow.
 *
 * @param text what it is made up of, for the documentation; empty where a rule of its own counts it
 * @param writer adds the nodes of one operator and returns the values of its outputs, in order
 */
public record Decomposition(String text, Function<Body, List<String>> writer) {
  /**
   * Collects the decompositions of one domain.
   *
   * @param all by qualified name, of all domains
   */
  record Table(String domain, Map<String, Decomposition> all) {
    Table of(String otherDomain) {
      return new Table(otherDomain, all);
    }

    /** Adds an operator of one output. */
    void put(String op, String text, Function<Body, String> writer) {
      putAll(op, text, body -> List.of(writer.apply(body)));
    }

    /** Adds an operator of several outputs. */
    void putAll(String op, String text, Function<Body, List<String>> writer) {
      all.put(domain.isEmpty() ? op : domain + ":" + op, new Decomposition(text, writer));
    }

    /** Adds an operator of one output that a rule of its own counts. */
    void put(String op, Function<Body, String> writer) {
      put(op, "", writer);
    }

    /** Adds an operator of several outputs that a rule of its own counts. */
    void putAll(String op, Function<Body, List<String>> writer) {
      putAll(op, "", writer);
    }
  }
}
