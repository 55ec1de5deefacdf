package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.fold.Folder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The graph that one node stands for, as it is written: values are added by name, their types are
 * inferred at once, and what follows from constants is computed.
 */
final class Body {
  /** The version of ONNX's operators that bodies are written in. */
  private static final int OPSET = 24;

  private final Operands in;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, TensorType> types = new LinkedHashMap<>();
  private final Map<String, Tensor> constants = new LinkedHashMap<>();
  private int values;

  Body(Operands in) {
    this.in = in;
    for (int i = 0; i < in.inputCount(); i++) {
      String value = input(i);
      in.knownType(i).ifPresent(type -> types.put(value, type));
      in.value(i).ifPresent(tensor -> constants.put(value, tensor));
    }
  }

  /** The node that is decomposed. */
  Operands in() {
    return in;
  }

  Attributes attributes() {
    return in.attributes();
  }

  long integer(String attribute, long absent) {
    return in.attributes().integer(attribute, absent);
  }

  float number(String attribute, float absent) {
    return in.attributes().number(attribute, absent);
  }

  boolean flag(String attribute, boolean absent) {
    return in.attributes().flag(attribute, absent);
  }

  String text(String attribute, String absent) {
    return in.attributes().text(attribute, absent);
  }

  /** The value of the node's input {@code index}; empty where it is left out. */
  String input(int index) {
    return in.has(index) ? in.node().inputs().get(index) : "";
  }

  /** Those of the node's attributes that have one of {@code names}. */
  Attributes attributes(List<String> names) {
    Map<String, Object> kept = new HashMap<>(in.attributes().asMap());
    kept.keySet().retainAll(names);
    return Attributes.of(kept);
  }

  boolean has(int index) {
    return in.has(index);
  }

  Shape shape(int index) {
    return in.shape(index);
  }

  /**
   * The type of a value.
   *
   * @throws DataDependentException if it is not known before run time
   */
  TensorType type(String value) {
    TensorType type = types.get(value);
    if (type == null) {
      throw new DataDependentException(value);
    }
    return type;
  }

  Shape shape(String value) {
    return type(value).shape();
  }

  String constant(Tensor tensor) {
    String value = name();
    constants.put(value, tensor);
    types.put(value, tensor.type());
    return value;
  }

  String longs(long... values) {
    return constant(Tensor.ofLongs(values));
  }

  String number(double value) {
    return constant(Tensor.ofFloats(Shape.SCALAR, (float) value));
  }

  /** A number of the type of the node's first input. */
  String numberAsInput(double value) {
    return constant(DenseTensor.ofDoubles(in.type(0).withShape(Shape.SCALAR), value));
  }

  /** The integers from 0 on, in the shape {@code dims}. */
  String range(long... dims) {
    long[] all = LongStream.range(0, Sizes.product(dims)).toArray();
    return constant(DenseTensor.ofLongs(Shape.of(dims), all));
  }

  /** A name that no value has: not in the graph, nor in the body that the node may be part of. */
  private String name() {
    Node node = in.node();
    String place = node.name().substring(Decompositions.owner(node).length());
    return node.outputs().get(0) + place + "/" + values++;
  }

  /** Adds a node without attributes and returns its output. */
  String add(String op, String... inputs) {
    return add(op, Attributes.NONE, inputs);
  }

  String add(String op, Attributes attributes, String... inputs) {
    return add(1, op, attributes, inputs).get(0);
  }

  /** Adds a node of {@code op} with all inputs and attributes of the node that is decomposed. */
  String as(String op) {
    return as(op, in.attributes());
  }

  String as(String op, Attributes attributes) {
    return add(
        op,
        attributes,
        IntStream.range(0, in.inputCount()).mapToObj(this::input).toArray(String[]::new));
  }

  /** Adds a node of ONNX's own domain, or of another one that {@code op} names before a colon. */
  List<String> add(int outputs, String op, Attributes attributes, String... inputs) {
    List<String> results = new ArrayList<>();
    for (int i = 0; i < outputs; i++) {
      results.add(name());
    }
    int colon = op.indexOf(':');
    Node node =
        new Node(
            in.node().name() + "/" + nodes.size() + " " + op,
            colon < 0 ? "" : op.substring(0, colon),
            op.substring(colon + 1),
            colon < 0 ? OPSET : 1,
            List.of(inputs),
            results,
            attributes,
            Decompositions.ownedBy(in.node()));
    infer(node);
    return results;
  }

  private void infer(Node node) {
    Operands operands = new Operands(node, types::get, constants::get);
    List<TensorType> outputs;
    try {
      outputs =
          Decompositions.typeRule(node.qualifiedOp())
              .orElseThrow(() -> new IllegalStateException("no types of " + node.qualifiedOp()))
              .infer(operands);
    } catch (DataDependentException e) {
      nodes.add(node);
      return;
    }
    Optional<List<Tensor>> folded = Folder.fold(operands, outputs);
    for (int i = 0; i < node.outputs().size() && i < outputs.size(); i++) {
      types.put(node.outputs().get(i), outputs.get(i));
      if (folded.isPresent()) {
        constants.put(node.outputs().get(i), folded.get().get(i));
      }
    }
    if (folded.isEmpty()) {
      nodes.add(node);
    }
  }

  String plus(String left, String right) {
    return add("Add", left, right);
  }

  /** {@code value} and the node's input {@code index}, where that is given. */
  String plusInput(String value, int index) {
    return has(index) ? plus(value, input(index)) : value;
  }

  String minus(String left, String right) {
    return add("Sub", left, right);
  }

  String times(String left, String right) {
    return add("Mul", left, right);
  }

  String over(String left, String right) {
    return add("Div", left, right);
  }

  /** The product of two matrices. */
  String product(String left, String right) {
    return add("MatMul", left, right);
  }

  String where(String condition, String then, String otherwise) {
    return add("Where", condition, then, otherwise);
  }

  String cast(String value, DataType type) {
    return add("Cast", Attributes.of("to", type.code()), value);
  }

  String long64(String value) {
    return cast(value, DataType.INT64);
  }

  String reshaped(String value, long... dims) {
    return add("Reshape", value, longs(dims));
  }

  String unsqueezed(String value, long axis) {
    return add("Unsqueeze", value, longs(axis));
  }

  /** The elements {@code from} to {@code to}, the latter excluded, of an axis. */
  String slice(String value, long axis, long from, long to) {
    return add("Slice", value, longs(from), longs(to), longs(axis));
  }

  String gather(String value, long axis, String indices) {
    return add("Gather", Attributes.of("axis", axis), value, indices);
  }

  /** The part at {@code index} of an axis, without that axis. */
  String at(String value, long axis, long index) {
    return gather(value, axis, constant(Tensor.ofLong(index)));
  }

  String concat(long axis, String... values) {
    return add("Concat", Attributes.of("axis", axis), values);
  }

  /** Equal parts along an axis. */
  List<String> split(int parts, long axis, String value) {
    return add(parts, "Split", Attributes.of("axis", axis, "num_outputs", parts), value);
  }

  /** The sum along an axis, without that axis. */
  String sum(String value, long axis) {
    return add("ReduceSum", Attributes.of("keepdims", 0), value, longs(axis));
  }

  String transposed(String value, long... axes) {
    return add("Transpose", Attributes.of("perm", axes), value);
  }

  /** A value with channels last, with channels as its second axis. */
  String channelsFirst(String value) {
    return moved(value, spatialRank(value) - 1, 1);
  }

  /** A value with channels as its second axis, with channels last. */
  String channelsLast(String value) {
    return moved(value, 1, spatialRank(value) - 1);
  }

  /** A value with its axis {@code from} at {@code to}. */
  String moved(String value, int from, int to) {
    List<Long> axes = new ArrayList<>(LongStream.range(0, shape(value).rank()).boxed().toList());
    axes.add(to, axes.remove(from));
    return transposed(value, axes.stream().mapToLong(Long::longValue).toArray());
  }

  private int spatialRank(String value) {
    if (shape(value).rank() < 3) {
      throw new ModelException("the input " + shape(value) + " has no spatial axes");
    }
    return shape(value).rank();
  }

  /**
   * The finished graph. Its inputs are the node's that are not constants, under their own names;
   * its outputs have the names of the node's.
   *
   * @param results the values of the outputs
   */
  Graph graph(List<String> results) {
    List<String> outputs = new ArrayList<>();
    Map<String, String> renamed = new HashMap<>();
    for (int i = 0; i < in.outputCount() && i < results.size(); i++) {
      String output = in.node().outputs().get(i);
      String result = results.get(i);
      if (output.isEmpty()) {
        outputs.add(result);
        continue;
      }
      boolean isWritten = nodes.stream().anyMatch(node -> node.outputs().contains(result));
      String last = isWritten && !renamed.containsKey(result) ? result : add("Identity", result);
      if (constants.containsKey(last)) {
        constants.put(output, constants.get(last));
      }
      renamed.put(last, output);
      outputs.add(output);
    }
    outputs.replaceAll(value -> renamed.getOrDefault(value, value));
    List<Node> named = nodes.stream().map(node -> renamed(node, renamed)).toList();
    renamed.forEach(
        (inner, outer) -> {
          TensorType type = types.remove(inner);
          if (type != null) {
            types.put(outer, type);
          }
        });
    List<String> inputs =
        in.node().inputs().stream()
            .filter(value -> !value.isEmpty() && !constants.containsKey(value))
            .distinct()
            .toList();
    return new Graph(
        in.node().name(), OPSET, inputs, outputs, named, constants, types, Map.of(), 1);
  }

  private static Node renamed(Node node, Map<String, String> names) {
    return new Node(
        node.name(),
        node.domain(),
        node.op(),
        node.opset(),
        node.inputs().stream().map(value -> names.getOrDefault(value, value)).toList(),
        node.outputs().stream().map(value -> names.getOrDefault(value, value)).toList(),
        node.attributes(),
        node.metadata());
  }
}
