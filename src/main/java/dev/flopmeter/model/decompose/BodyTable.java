package dev.flopmeter.model.decompose;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Collects the operators of one domain that are made up of simpler ones.
 *
 * @param all by qualified name, of all domains: what adds the nodes of one operator and returns the
 *     values of its outputs, in order
 */
record BodyTable(String domain, Map<String, Function<Body, List<String>>> all) {
  BodyTable of(String otherDomain) {
    return new BodyTable(otherDomain, all);
  }

  /** Adds an operator of one output. */
  void put(String op, Function<Body, String> writer) {
    putAll(op, body -> List.of(writer.apply(body)));
  }

  /** Adds an operator of several outputs. */
  void putAll(String op, Function<Body, List<String>> writer) {
    all.put(domain.isEmpty() ? op : domain + ":" + op, writer);
  }
}
