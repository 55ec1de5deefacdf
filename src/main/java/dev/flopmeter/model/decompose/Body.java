package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.fold.Folder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

  private String name() {
    return in.node().outputs().get(0) + "/" + values++;
  }

  /** Adds a node without attributes and returns its output. */
  String add(String op, String... inputs) {
    return add(op, Attributes.NONE, inputs);
  }

  String add(String op, Attributes attributes, String... inputs) {
    return add(1, op, attributes, inputs).get(0);
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

  String reshaped(String value, long... dims) {
    return add("Reshape", value, longs(dims));
  }

  String transposed(String value, long... axes) {
    return add("Transpose", Attributes.of("perm", axes), value);
  }

  /** A value with channels last, with channels as its second axis. */
  String channelsFirst(String value) {
    int rank = spatialRank(value);
    long[] axes = new long[rank];
    axes[1] = rank - 1L;
    for (int i = 2; i < rank; i++) {
      axes[i] = i - 1L;
    }
    return transposed(value, axes);
  }

  /** A value with channels as its second axis, with channels last. */
  String channelsLast(String value) {
    int rank = spatialRank(value);
    long[] axes = new long[rank];
    for (int i = 1; i < rank - 1; i++) {
      axes[i] = i + 1L;
    }
    axes[rank - 1] = 1;
    return transposed(value, axes);
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
