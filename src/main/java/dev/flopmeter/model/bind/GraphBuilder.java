package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.UnknownOperatorException;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.model.shape.ShapeRule;
import dev.flopmeter.model.shape.Signatures;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Grows a {@link Graph} node by node, in topological order: each node's output types are inferred
 * as it is added, and it is replaced by its result if that is known.
 *
 * <p>A builder for the body of a control-flow operator sees the values of the graph around it
 * through {@code outer}. Not thread-safe; {@link #build} ends its use.
 */
public final class GraphBuilder {
  private final String name;
  private final int opset;
  private final ValueScope values;
  private final ConstantFolding folding;
  private final List<String> inputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Set<String> nodeNames = new HashSet<>();
  private final Map<String, Integer> sameNames = new HashMap<>();
  private final Map<String, ValueInfo> declared;
  private Map<String, Function<Operands, List<TensorType>>> givenTypes;

  /** Inferences of one pass; 0 for the leading dimension of the first input that has several. */
  private long batch;

  /** The batch that replaced a declared batch of 1; 0 if none did. */
  private long rebatched;

  public GraphBuilder(String name, int opset) {
    this(name, opset, Map.of(), null);
  }

  /** Uses {@code declared}, the author's types of inner values, if inference fails. */
  GraphBuilder(
      String name, int opset, Map<String, ValueInfo> declared, @Nullable GraphBuilder outer) {
    this.name = name;
    this.opset = opset;
    this.declared = declared;
    values = new ValueScope(outer == null ? null : outer.values);
    folding = outer == null ? new ConstantFolding() : outer.folding;
    givenTypes = outer == null ? Map.of() : outer.givenTypes;
  }

  /** A builder that starts with the inputs and constants of {@code graph}. */
  public static GraphBuilder of(Graph graph) {
    GraphBuilder builder = new GraphBuilder(graph.name(), graph.opset());
    builder.batch = graph.batch();
    for (String input : graph.inputs()) {
      builder.openInput(input, graph.types().get(input));
    }
    graph
        .constants()
        .forEach(
            (value, tensor) -> {
              if (builder.isDefined(value)) {
                builder.know(value, tensor);
              } else {
                Origins stored = Origins.stored(tensor);
                builder.constant(value, tensor, graph.origins().getOrDefault(value, stored));
              }
            });
    return builder;
  }

  /** Declares a value that is fed. */
  public String input(String value, TensorType type) {
    openInput(value, type);
    return value;
  }

  /** An input whose type may be null: not known before run time. */
  void openInput(String value, @Nullable TensorType type) {
    values.claim(value).type = type;
    inputs.add(value);
  }

  /** Sets the value of an input, so that shapes can follow from it. */
  void know(String input, Tensor value) {
    values.own(input).constant = value;
  }

  /** Sets rules for the outputs of some operators, by qualified name, instead of our own. */
  void know(Map<String, Function<Operands, List<TensorType>>> types) {
    givenTypes = types;
  }

  /**
   * Declares that the inputs had batch 1 and now have another one: reshapes to a constant shape
   * that starts with 1 follow it if their input starts with the new batch.
   */
  void rebatch(long batch) {
    rebatched = batch;
  }

  void batch(long inferences) {
    batch = inferences;
  }

  public String constant(String value, Tensor tensor) {
    constant(value, tensor, Origins.stored(tensor));
    return value;
  }

  /** Adds a known tensor that was computed from stored ones. */
  void constant(String value, Tensor tensor, Origins origins) {
    values.claim(value).set(tensor, origins);
  }

  /** Adds a node of ONNX's own domain with one output, named as the node. */
  public String add(String op, String nodeName, Attributes attributes, String... operands) {
    add(op, nodeName, attributes, List.of(operands), List.of(nodeName), Map.of());
    return nodeName;
  }

  /** Adds a node of ONNX's own domain. */
  public void add(
      String op,
      String nodeName,
      Attributes attributes,
      List<String> operands,
      List<String> results,
      Map<String, String> metadata) {
    add(new Node(nodeName, "", op, opset, operands, results, attributes, metadata));
  }

  /**
   * Adds a node whose inputs all exist.
   *
   * @throws ModelException if its inputs do not fit, with the node named
   */
  public void add(Node written) {
    Node node = written;
    try {
      node = EarlyVersions.modern(written);
      claimOutputs(node);
      infer(rebatched > 1 && node.qualifiedOp().equals("Reshape") ? followingBatch(node) : node);
    } catch (DataDependentException e) {
      throw new IllegalStateException("inference must settle this", e);
    } catch (ModelException e) {
      throw e.at(node.describe());
    }
  }

  /** Adds a node of another graph, with what that graph knows of its outputs. */
  public void add(Node node, Graph from) {
    claimOutputs(node);
    for (String output : node.outputs()) {
      values.own(output).type = from.types().get(output);
      values.own(output).origins = from.origins().get(output);
    }
    nodes.add(uniquelyNamed(node));
  }

  private void claimOutputs(Node node) {
    for (String operand : node.inputs()) {
      if (!operand.isEmpty() && !isDefined(operand)) {
        throw new ModelException(
            "its input '" + operand + "' is written by no node, input or initializer");
      }
    }
    for (String output : node.outputs()) {
      if (!output.isEmpty()) {
        values.claim(output);
      }
    }
  }

  /** The node with the new batch in its constant shape, or unchanged. */
  private Node followingBatch(Node node) {
    Operands in = operands(node);
    TensorType reshaped = in.knownType(0).orElse(null);
    boolean hasBatch =
        reshaped != null && reshaped.shape().rank() > 0 && reshaped.shape().dim(0) == rebatched;
    if (!hasBatch || in.value(0).isPresent()) {
      return node;
    }
    Optional<long[]> target =
        in.has(1)
            ? in.value(1).filter(to -> to.elements() > 1 && to.longAt(0) == 1).map(Tensor::toLongs)
            : in.attributes().integers("shape");
    long[] shape = target.orElse(new long[0]);
    if (shape.length < 2 || shape[0] != 1) {
      return node;
    }
    shape[0] = rebatched;
    if (!in.has(1)) {
      return node.withAttributes(node.attributes().with("shape", shape));
    }
    String value = node.outputs().get(0) + "/shape of batch " + rebatched;
    constant(value, Tensor.ofLongs(shape));
    return node.withInputs(List.of(node.inputs().get(0), value));
  }

  private void infer(Node node) {
    Operands in = operands(node);
    Optional<List<TensorType>> outputs = inferTypes(node, in);
    if (outputs.isEmpty()) {
      recordDeclared(node);
    } else if (fold(in, outputs.get())) {
      return;
    } else {
      record(node, outputs.get());
      Origins origins = folding.originsAtLoad(in, values);
      if (origins != null) {
        for (String output : node.outputs()) {
          values.own(output).origins = origins;
        }
      }
    }
    nodes.add(uniquelyNamed(node));
  }

  /** Replaces a node by its results if they are known; returns whether they are. */
  private boolean fold(Operands in, List<TensorType> types) {
    List<String> outputs = in.node().outputs();
    Optional<List<Tensor>> folded = folding.fold(in, types);
    if (folded.isEmpty() || folded.get().size() < outputs.size()) {
      return false;
    }
    List<TensorType> known = new ArrayList<>();
    for (Tensor result : folded.get()) {
      known.add(result.type());
    }
    record(in.node(), known); // what the origins may ask for
    for (int i = 0; i < outputs.size(); i++) {
      Tensor result = folded.get().get(i);
      values.own(outputs.get(i)).set(result, folding.origins(in, result, values));
    }
    return true;
  }

  private Optional<List<TensorType>> inferTypes(Node node, Operands in) {
    var given = givenTypes.get(node.qualifiedOp());
    Optional<ShapeRule> rule =
        given == null
            ? Decompositions.typeRule(node.qualifiedOp())
            : Optional.of((ShapeRule) given::apply);
    if (rule.isEmpty()) {
      if (node.domain().isEmpty()) {
        throw new UnknownOperatorException(
            "'%s' is not an operator that flopmeter knows in ONNX's opset %s"
                .formatted(node.op(), node.opset()));
      }
      return Optional.empty();
    }
    try {
      Signatures.require(in);
      return Optional.of(rule.get().infer(in));
    } catch (DataDependentException e) {
      return Optional.empty();
    }
  }

  private void record(Node node, List<? extends @Nullable TensorType> outputs) {
    for (int i = 0; i < node.outputs().size() && i < outputs.size(); i++) {
      values.own(node.outputs().get(i)).type = outputs.get(i);
    }
  }

  /** If inference fails, declared types are used. */
  private void recordDeclared(Node node) {
    for (String output : node.outputs()) {
      ValueInfo info = declared.get(output);
      if (info != null && values.own(output).type == null) {
        values.own(output).type = info.concrete().orElse(null);
      }
    }
  }

  /** Adds a node whose output types the caller found (control flow). */
  void addTyped(Node node, List<@Nullable TensorType> outputs) {
    claimOutputs(node);
    record(node, outputs);
    recordDeclared(node);
    nodes.add(uniquelyNamed(node));
  }

  private Node uniquelyNamed(Node node) {
    String wanted = node.name().isEmpty() ? node.op() + "_" + nodes.size() : node.name();
    String unique = wanted;
    while (!nodeNames.add(unique)) {
      unique = wanted + "#" + sameNames.merge(wanted, 2, (last, first) -> last + 1);
    }
    return unique.equals(node.name()) ? node : node.withName(unique);
  }

  /** Whether this graph or an enclosing one has this value. */
  public boolean isDefined(String value) {
    return values.has(value);
  }

  public Operands operands(Node node) {
    return values.operands(node);
  }

  /** The type of a value of this or an enclosing graph; null if it depends on data. */
  public @Nullable TensorType typeOf(String value) {
    return values.type(value);
  }

  /** A known value of this or an enclosing graph; null for others. */
  public @Nullable Tensor constantOf(String value) {
    return values.constant(value);
  }

  private long inferences() {
    if (batch > 0) {
      return batch;
    }
    for (String input : inputs) {
      TensorType type = typeOf(input);
      if (type != null && type.shape().rank() > 1) {
        return Math.max(1, type.shape().dim(0));
      }
    }
    return 1;
  }

  /**
   * The finished graph; nodes and constants that no output needs are removed.
   *
   * @throws ModelException if nothing writes an output, or the graph names no output
   */
  public Graph build(List<String> outputs) {
    if (outputs.isEmpty()) {
      throw new ModelException("the graph '" + name + "' has no outputs");
    }
    for (String output : outputs) {
      if (!isDefined(output)) {
        throw new ModelException("the graph's output '" + output + "' is written by no node");
      }
    }
    Set<String> needed = new HashSet<>(outputs);
    List<Node> kept = keptNodes(needed);
    Map<String, Tensor> constants = values.constants(needed);
    needed.addAll(inputs);
    for (Node node : kept) {
      needed.addAll(node.outputs());
    }
    Map<String, TensorType> types = new LinkedHashMap<>();
    Map<String, Origins> origins = new LinkedHashMap<>();
    for (String value : needed) {
      putKnown(types, value, values.type(value));
      putKnown(origins, value, values.origins(value));
    }
    return new Graph(name, opset, inputs, outputs, kept, constants, types, origins, inferences());
  }

  /** The nodes that compute needed values, or their inputs; adds these to {@code needed}. */
  private List<Node> keptNodes(Set<String> needed) {
    List<Node> kept = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (!Collections.disjoint(needed, node.outputs())) {
        kept.add(node);
        needed.addAll(node.inputs());
        needed.addAll(GraphLinks.captures(node));
        needed.remove(""); // the name of an omitted value
      }
    }
    Collections.reverse(kept);
    return kept;
  }

  private static <T> void putKnown(Map<String, T> all, String value, @Nullable T known) {
    if (known != null) {
      all.put(value, known);
    }
  }
}
