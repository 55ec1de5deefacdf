package dev.flopmeter.model.decompose;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.fold.Folder;
import dev.flopmeter.model.shape.NodeHost;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The graph that one node stands for, under construction: values are added by name, their types are
 * inferred at once, and constants are folded.
 */
final class Body implements NodeHost {
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
      String value = input(i).name();
      in.knownType(i).ifPresent(type -> types.put(value, type));
      in.value(i).ifPresent(tensor -> constants.put(value, tensor));
    }
  }

  @Override
  public Operands in() {
    return in;
  }

  /**
   * The type of a value.
   *
   * @throws DataDependentException if it is not known before run time
   */
  @Override
  public TensorType type(Object term) {
    Value value = (Value) term;
    if (value.input() >= 0) {
      return in.type(value.input());
    }
    TensorType type = types.get(value.name());
    if (type == null) {
      throw new DataDependentException(value.name());
    }
    return type;
  }

  @Override
  public ModelException refusal(String message) {
    return new UnsupportedFormException(message);
  }

  Value constant(Tensor tensor) {
    String value = name();
    constants.put(value, tensor);
    types.put(value, tensor.type());
    return new Value(value, -1);
  }

  /** An unused name: neither in the graph, nor in the body that the node may be part of. */
  private String name() {
    Node node = in.node();
    String place = node.name().substring(Decompositions.owner(node).length());
    return node.outputs().get(0) + place + "/" + values++;
  }

  /**
   * Adds a node of ONNX's own domain, or of another one that {@code op} names before a colon.
   *
   * @param terms values, numbers (of the type of the first value beside them that is not boolean)
   *     and lists: of values, or of int64
   * @return its outputs
   */
  @Override
  public List<Value> add(
      int outputs, String op, Map<String, Object> attributes, List<Object> terms) {
    List<String> inputs = inputs(terms);
    List<String> results = new ArrayList<>();
    for (int i = 0; i < outputs; i++) {
      results.add(name());
    }
    int colon = op.indexOf(':');
    infer(
        new Node(
            in.node().name() + "/" + nodes.size() + " " + op,
            colon < 0 ? "" : op.substring(0, colon),
            op.substring(colon + 1),
            colon < 0 ? OPSET : 1,
            inputs,
            results,
            Terms.attributes(attributes),
            Decompositions.ownedBy(in.node())));
    return results.stream().map(result -> new Value(result, -1)).toList();
  }

  /** The nodes of a graph with one input that the node may have as an attribute; its output. */
  Value written(String attribute, Value input) {
    GraphTemplate graph = in.attributes().template(attribute).orElse(null);
    if (graph == null) {
      return input;
    }
    if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
      throw new ModelException("'" + attribute + "' must have one input and one output");
    }
    Map<String, String> names = new HashMap<>();
    names.put(graph.inputs().get(0).name(), input.name());
    graph.initializers().forEach((value, tensor) -> names.put(value, constant(tensor).name()));
    for (Node node : graph.nodes()) {
      if (!names.keySet().containsAll(node.inputs().stream().filter(v -> !v.isEmpty()).toList())
          || Decompositions.typeRule(node.qualifiedOp()).isEmpty()) {
        throw new UnsupportedFormException(
            node.describe() + " in '" + attribute + "': unknown, or it reads of the graph around");
      }
      node.outputs().forEach(output -> names.put(output, output.isEmpty() ? "" : name()));
      String place = in.node().name() + "/" + nodes.size() + " " + node.op();
      Map<String, String> metadata = Decompositions.ownedBy(in.node());
      infer(node.renamed(place, value -> names.getOrDefault(value, value), metadata));
    }
    return new Value(Objects.requireNonNull(names.get(graph.outputs().get(0).name())), -1);
  }

  /** Without omitted inputs at the end. */
  private List<String> inputs(List<Object> terms) {
    List<Object> all = new ArrayList<>();
    for (Object term : terms) {
      boolean areValues = Terms.list(term).stream().anyMatch(Value.class::isInstance);
      all.addAll(areValues ? Terms.list(term) : List.of(term));
    }
    List<String> inputs = new ArrayList<>();
    for (Object term : all) {
      inputs.add((term instanceof Value value ? value : constant(tensor(term, all))).name());
    }
    while (!inputs.isEmpty() && inputs.get(inputs.size() - 1).isEmpty()) {
      inputs.remove(inputs.size() - 1);
    }
    return inputs;
  }

  private Tensor tensor(Object term, List<Object> beside) {
    if (term instanceof List<?> list) {
      return Tensor.ofLongs(list.stream().mapToLong(number -> (Long) number).toArray());
    }
    DataType type = DataType.FLOAT;
    for (int i = beside.size() - 1; i >= 0; i--) {
      TensorType known = beside.get(i) instanceof Value value ? types.get(value.name()) : null;
      type = known == null || known.type() == DataType.BOOL ? type : known.type();
    }
    return DenseTensor.ofDoubles(new TensorType(type, Shape.SCALAR), ((Number) term).doubleValue());
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

  /** The name of a result in the body: that of a copy where no node writes it, or it is taken. */
  private String lastName(Value result, Set<String> taken) {
    boolean isWritten = nodes.stream().anyMatch(node -> node.outputs().contains(result.name()));
    return isWritten && !taken.contains(result.name())
        ? result.name()
        : add(1, "Identity", Map.of(), List.of(result)).get(0).name();
  }

  /**
   * The graph of the node's operator. Its inputs are the node's that are not constants, under their
   * own names; its outputs have the names of the node's.
   */
  Graph graph(Definition definition) {
    List<Object> results = results(definition);
    List<String> outputs = new ArrayList<>();
    Map<String, String> renamed = new HashMap<>();
    for (int i = 0; i < in.outputCount() && i < results.size(); i++) {
      String output = in.node().outputs().get(i);
      Value result = (Value) results.get(i);
      outputs.add(output.isEmpty() ? result.name() : output);
      if (!output.isEmpty()) {
        renamed.put(lastName(result, renamed.keySet()), output);
      }
    }
    renamed.forEach(
        (inner, outer) -> {
          if (constants.containsKey(inner)) {
            constants.put(outer, constants.get(inner));
          }
        });
    UnaryOperator<String> names = value -> renamed.getOrDefault(value, value);
    List<Node> named =
        nodes.stream().map(node -> node.renamed(node.name(), names, node.metadata())).toList();
    outputs.replaceAll(names);
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
}
