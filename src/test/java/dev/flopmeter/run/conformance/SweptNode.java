package dev.flopmeter.run.conformance;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
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
 * One operator with random attributes, shapes, types and values: {@link ContribSweep} runs it on a
 * backend and in ONNX Runtime.
 */
final class SweptNode {
  private static final int OPSET = 21;

  private final Random random;
  private final GraphBuilder graph = new GraphBuilder("sweep", OPSET);
  private final List<String> inputs = new ArrayList<>();
  private final Map<String, Tensor> fed = new LinkedHashMap<>();
  private String domain = "com.microsoft";
  private String op;
  private int version = 1;
  private Attributes attributes = Attributes.NONE;
  private int[] outputs = {0};
  private Tolerance tolerance = Tolerance.NETWORK;

  SweptNode(String op, Random random) {
    this.op = op;
    this.random = random;
  }

  /** An operator of a domain other than {@code com.microsoft}. */
  SweptNode of(String newDomain, String name, int newVersion) {
    domain = newDomain;
    op = name;
    version = newVersion;
    return this;
  }

  // What is drawn

  /** A random integer, both bounds included. */
  long between(long low, long high) {
    return low + random.nextInt((int) (high - low + 1));
  }

  boolean chance() {
    return random.nextBoolean();
  }

  @SafeVarargs
  final <T> T oneOf(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  double real(double low, double high) {
    return low + random.nextDouble() * (high - low);
  }

  // Inputs, in order

  /** A tensor that is fed. */
  SweptNode fed(Tensor tensor) {
    String name = "in" + inputs.size();
    graph.input(name, tensor.type());
    inputs.add(name);
    fed.put(name, tensor);
    return this;
  }

  /** A stored tensor. */
  SweptNode stored(Tensor tensor) {
    String name = "in" + inputs.size();
    graph.constant(name, tensor);
    inputs.add(name);
    return this;
  }

  /** A tensor that is fed in one case and stored in another. */
  SweptNode either(Tensor tensor) {
    return chance() ? fed(tensor) : stored(tensor);
  }

  SweptNode nothing() {
    inputs.add("");
    return this;
  }

  /** Values of {@code type} drawn from [low, high). */
  Tensor values(DataType type, double low, double high, long... dims) {
    return new RandomTensor(TensorType.of(type, dims), random.nextLong(), low, high);
  }

  /** Floats in [-1, 1). */
  Tensor floats(long... dims) {
    return values(DataType.FLOAT, -1, 1, dims);
  }

  static Tensor of(DataType type, Shape shape, double... values) {
    return DenseTensor.ofDoubles(new TensorType(type, shape), values);
  }

  static Tensor ints(DataType type, Shape shape, long... values) {
    return DenseTensor.ofLongs(new TensorType(type, shape), values);
  }

  SweptNode with(String name, Object value) {
    attributes = attributes.with(name, value);
    return this;
  }

  /** The requested outputs, in ascending order; by default the first one. */
  SweptNode outputs(int... indices) {
    outputs = indices.clone();
    return this;
  }

  SweptNode within(Tolerance allowed) {
    tolerance = allowed;
    return this;
  }

  Tolerance tolerance() {
    return tolerance;
  }

  Map<String, Tensor> fed() {
    return fed;
  }

  Graph build() {
    List<String> names = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    for (int index : outputs) {
      while (names.size() < index) {
        names.add("");
      }
      names.add("out" + index);
      wanted.add("out" + index);
    }
    graph.add(new Node("n", domain, op, version, inputs, names, attributes, Map.of()));
    return graph.build(wanted);
  }

  /** A description of the case, for messages. */
  @Override
  public String toString() {
    List<String> types = new ArrayList<>();
    for (String input : inputs) {
      TensorType type = input.isEmpty() ? null : graph.typeOf(input);
      types.add(type == null ? "-" : type + (fed.containsKey(input) ? "" : " stored"));
    }
    return op + types + " " + attributes;
  }
}
