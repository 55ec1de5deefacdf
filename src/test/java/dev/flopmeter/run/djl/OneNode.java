package dev.flopmeter.run.djl;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs a single operator. Its data is fed; its arguments (sizes, axes, ...) are constants. */
final class OneNode {
  private final GraphBuilder graph;
  private final String domain;
  private final String op;
  private final List<String> inputs = new ArrayList<>();
  private final Map<String, Tensor> fed = new LinkedHashMap<>();
  private final int opset;
  private Attributes attributes = Attributes.NONE;

  private OneNode(String domain, String op, int opset) {
    this.graph = new GraphBuilder(op, opset);
    this.domain = domain;
    this.op = op;
    this.opset = opset;
  }

  static OneNode of(String op) {
    return new OneNode("", op, 22);
  }

  static OneNode of(String op, int opset) {
    return new OneNode("", op, opset);
  }

  static OneNode contributed(String op) {
    return new OneNode("com.microsoft", op, 1);
  }

  OneNode data(Tensor tensor) {
    String name = "in" + inputs.size();
    graph.input(name, tensor.type());
    inputs.add(name);
    fed.put(name, tensor);
    return this;
  }

  OneNode argument(Tensor tensor) {
    String name = "in" + inputs.size();
    graph.constant(name, tensor);
    inputs.add(name);
    return this;
  }

  OneNode nothing() {
    inputs.add("");
    return this;
  }

  OneNode with(String name, Object value) {
    attributes = attributes.with(name, value);
    return this;
  }

  /** The outputs, which must be {@code count}. */
  List<Tensor> run(DjlBackend backend, int count) {
    List<String> outputs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      outputs.add("out" + i);
    }
    graph.add(new Node("n", domain, op, opset, inputs, outputs, attributes, Map.of()));
    try (Plan plan = backend.prepare(graph.build(outputs), RunOptions.DEFAULT)) {
      return List.copyOf(plan.run(fed).values());
    }
  }

  Tensor run(DjlBackend backend) {
    return run(backend, 1).get(0);
  }
}
