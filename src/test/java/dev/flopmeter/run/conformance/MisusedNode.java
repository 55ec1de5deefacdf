package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A valid node with one thing changed: an attribute, an omitted input, a dimension, a type, or
 * stored values that are NaN, 0 or negative. Most of the results are invalid in some way; all must
 * be computed or rejected with one line.
 */
final class MisusedNode {
  private final Graph right;
  private final Node node;
  private final Random random;
  private final Map<String, Tensor> given = new LinkedHashMap<>();
  private final Map<String, Tensor> fed = new LinkedHashMap<>();
  private final List<String> inputs;
  private Attributes attributes;
  private String change = "nothing";

  MisusedNode(Graph right, Map<String, Tensor> fed, Random random) {
    this.right = right;
    this.node = right.nodes().get(0);
    this.random = random;
    this.inputs = new ArrayList<>(node.inputs());
    this.attributes = node.attributes();
    fed.forEach(given::put);
    given.putAll(right.constants());
    int kind = random.nextInt(5);
    List<String> named = inputs.stream().filter(given::containsKey).toList();
    String input = named.get(random.nextInt(named.size()));
    if (kind == 0 && !attributes.asMap().isEmpty()) {
      changeAttribute();
    } else if (kind == 1) {
      leaveOut(input);
    } else if (kind == 2) {
      changeType(input);
    } else if (kind == 3 && given.get(input).type().type().isFloat()) {
      fill(input);
    } else {
      changeShape(input);
    }
    for (String name : right.inputs()) {
      this.fed.put(name, given.get(name));
    }
  }

  private void changeAttribute() {
    List<String> names = attributes.asMap().keySet().stream().sorted().toList();
    String name = names.get(random.nextInt(names.size()));
    Object value = attributes.asMap().get(name);
    Object other = value;
    if (value instanceof Long || value instanceof Integer) {
      long number = ((Number) value).longValue();
      long[] others = {0, -1, number + 1, number * 2, 3, 1L << 40, Long.MIN_VALUE};
      other = others[random.nextInt(others.length)];
    } else if (value instanceof Float) {
      other = new float[] {Float.NaN, 0, -1, Float.POSITIVE_INFINITY}[random.nextInt(4)];
    } else if (value instanceof List<?> numbers && !numbers.isEmpty()) {
      List<Object> changed = new ArrayList<>(numbers);
      if (random.nextBoolean()) {
        changed.remove(0);
      } else if (numbers.get(0) instanceof Long) {
        changed.set(random.nextInt(changed.size()), random.nextBoolean() ? -1L : 1L << 40);
      }
      other = changed;
    } else if (value instanceof String) {
      other = "strange";
    }
    attributes = attributes.with(name, other);
    change = name + "=" + other;
  }

  private void leaveOut(String input) {
    int at = inputs.indexOf(input);
    inputs.set(at, "");
    change = "no input " + at;
  }

  private void changeType(String input) {
    DataType[] types = {DataType.FLOAT, DataType.UINT8, DataType.INT32, DataType.INT64};
    replace(input, given.get(input).type().withType(types[random.nextInt(types.length)]));
  }

  private void changeShape(String input) {
    TensorType type = given.get(input).type();
    Shape shape = type.shape();
    int way = random.nextInt(4);
    if (shape.rank() == 0 || way == 0) {
      shape = shape.inserted(0, random.nextBoolean() ? 1 : 2);
    } else if (way == 1) {
      shape = shape.without(random.nextInt(shape.rank()));
    } else {
      int axis = random.nextInt(shape.rank());
      shape = shape.with(axis, way == 2 ? 0 : shape.dim(axis) + 1);
    }
    replace(input, type.withShape(shape));
  }

  private void replace(String input, TensorType type) {
    given.put(input, new RandomTensor(type, random.nextLong(), 0, 2));
    change = "input " + inputs.indexOf(input) + " is " + type;
  }

  private void fill(String input) {
    double[] values = {Double.NaN, 0, -1, Double.POSITIVE_INFINITY};
    double value = values[random.nextInt(values.length)];
    given.put(input, FilledTensor.of(given.get(input).type(), value));
    change = "input " + inputs.indexOf(input) + " filled with " + value;
  }

  Map<String, Tensor> fed() {
    return fed;
  }

  Graph build() {
    GraphBuilder graph = new GraphBuilder("misused", right.opset());
    for (String name : right.inputs()) {
      graph.input(name, fed.get(name).type());
    }
    for (String name : right.constants().keySet()) {
      graph.constant(name, given.get(name));
    }
    graph.add(node.withAttributes(attributes).withInputs(inputs));
    return graph.build(right.outputs());
  }

  @Override
  public String toString() {
    return change;
  }
}
