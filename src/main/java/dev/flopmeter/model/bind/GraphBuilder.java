package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.TorchOrigin;
import dev.flopmeter.model.UnknownOperatorException;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.model.fold.Folder;
import dev.flopmeter.model.shape.ShapeRule;
import dev.flopmeter.model.shape.Signatures;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Grows a {@link Graph} node by node, in topological order: each node's output types are inferred
 * as it is added, and it is replaced by its result where that is known.
 *
 * <p>A builder for the body of a control-flow operator sees the values of the graph around it
 * through {@code outer}. Not thread-safe; {@link #build} ends its use.
 */
public final class GraphBuilder {
  /** A chain of additions to one constant could otherwise fill any heap. */
  private static final long MOST_FOLDED_BYTES = 1 << 24;

  private static final long SMALL_ELEMENTS = 256;

  /** A chain that joins one constant after the other could otherwise fill any heap. */
  private static final long MOST_ORIGINS = 1 << 22;

  /** What is known of a value. */
  private static final class Value {
    @Nullable TensorType type;
    @Nullable Tensor constant;

    /** Null for what is not computed before the first run. */
    @Nullable Origins origins;

    void set(Tensor known, Origins from) {
      constant = known;
      type = known.type();
      origins = from;
    }
  }

  private final String name;
  private final int opset;
  private final @Nullable GraphBuilder outer;
  private final List<String> inputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();

  /** What this graph's inputs, constants and nodes give, in order. */
  private final Map<String, Value> values = new LinkedHashMap<>();

  private final Set<String> nodeNames = new HashSet<>();
  private final Map<String, Integer> sameNames = new HashMap<>();
  private final Map<String, ValueInfo> declared;

  /** Bytes of the larger results computed so far, here and in bodies. */
  private long foldedBytes;

  /** Stored tensors noted so far behind computed constants, here and in bodies. */
  private long notedOrigins;

  private Map<String, Function<Operands, List<TensorType>>> givenTypes = Map.of();

  /** Inferences of one pass; 0 for the leading dimension of the first input that has several. */
  private long batch;

  /** The batch that replaced a declared batch of 1; 0 if none did. */
  private long rebatched;

  public GraphBuilder(String name, int opset) {
    this(name, opset, Map.of(), null);
  }

  /** Uses {@code declared}, what the author says of inner values, where inference cannot tell. */
  GraphBuilder(
      String name, int opset, Map<String, ValueInfo> declared, @Nullable GraphBuilder outer) {
    this.name = name;
    this.opset = opset;
    this.declared = declared;
    this.outer = outer;
  }

  /** A builder that begins with the inputs and constants of {@code graph}. */
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
    claim(value).type = type;
    inputs.add(value);
  }

  /** Says what an input will hold, so that shapes can follow from it. */
  void know(String input, Tensor value) {
    own(input).constant = value;
  }

  /** Says what the outputs of some operators are, in place of our own rules. */
  void know(Map<String, Function<Operands, List<TensorType>>> types) {
    givenTypes = types;
  }

  /**
   * Says that the inputs were declared with batch 1 and have another one: reshapes to a constant
   * shape that starts with 1 follow it where what they reshape has the new batch in front.
   */
  void rebatch(long batch) {
    rebatched = batch;
  }

  /** Says how many inferences one pass makes. */
  void batch(long inferences) {
    batch = inferences;
  }

  /** Adds a stored tensor. */
  public String constant(String value, Tensor tensor) {
    constant(value, tensor, Origins.stored(tensor));
    return value;
  }

  /** Adds a known tensor that was computed from stored ones. */
  void constant(String value, Tensor tensor, Origins origins) {
    claim(value).set(tensor, origins);
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
   * Adds a node whose inputs are all there.
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

  /** Adds a node of another graph, with what is known there of its outputs. */
  public void add(Node node, Graph from) {
    claimOutputs(node);
    for (String output : node.outputs()) {
      own(output).type = from.types().get(output);
      own(output).origins = from.origins().get(output);
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
        claim(output);
      }
    }
  }

  /** The node with the new batch in its constant shape, or as it is. */
  private Node followingBatch(Node node) {
    Operands in = operands(node);
    TensorType reshaped = in.knownType(0).orElse(null);
    boolean hasBatch =
        reshaped != null && reshaped.shape().rank() > 0 && reshaped.shape().dim(0) == rebatched;
    if (!hasBatch || in.value(0).isPresent()) {
      return node;
    }
    if (!in.has(1)) {
      long[] shape = in.attributes().integers("shape", new long[0]);
      if (shape.length < 2 || shape[0] != 1) {
        return node;
      }
      shape[0] = rebatched;
      return node.withAttributes(node.attributes().with("shape", shape));
    }
    Tensor target = in.value(1).orElse(null);
    if (target == null || target.elements() < 2 || target.longAt(0) != 1) {
      return node;
    }
    long[] shape = target.toLongs();
    shape[0] = rebatched;
    String value = node.outputs().get(0) + "/shape of batch " + rebatched;
    constant(value, Tensor.ofLongs(shape));
    return node.withInputs(List.of(node.inputs().get(0), value));
  }

  private void infer(Node node) {
    Operands in = operands(node);
    Optional<List<TensorType>> outputs = inferTypes(node, in);
    if (outputs.isPresent()) {
      Optional<List<Tensor>> folded = fold(in, outputs.get());
      if (folded.isPresent() && folded.get().size() >= node.outputs().size()) {
        record(node, folded.get().stream().map(Tensor::type).toList());
        for (int i = 0; i < node.outputs().size(); i++) {
          Tensor result = folded.get().get(i);
          own(node.outputs().get(i)).set(result, origins(in, result));
        }
        return;
      }
      record(node, outputs.get());
      if (isComputedAtLoad(node)) {
        Origins origins = noted(Origins.through(in, this::originsOf));
        node.outputs().forEach(output -> own(output).origins = origins);
      }
    } else {
      recordDeclared(node);
    }
    nodes.add(uniquelyNamed(node));
  }

  /** Where a folded result comes from. */
  private Origins origins(Operands in, Tensor result) {
    if (OperatorTrait.STORING.of(in.node())) {
      return Origins.stored(result);
    }
    return OperatorTrait.FILLING.of(in.node())
        ? Origins.filled(result)
        : noted(Origins.through(in, this::originsOf));
  }

  /** Whether it gives the same results at every run, since it reads what never changes. */
  private boolean isComputedAtLoad(Node node) {
    if (OperatorTrait.RANDOM.of(node) || node.metadata().containsKey(TorchOrigin.KEEP)) {
      return false;
    }
    int given = 0;
    for (String input : node.inputs()) {
      if (!input.isEmpty() && originsOf(input) == null) {
        return false;
      }
      given += input.isEmpty() ? 0 : 1;
    }
    return given > 0;
  }

  private Origins noted(Origins origins) {
    GraphBuilder main = main();
    main.notedOrigins += origins.size();
    if (main.notedOrigins > MOST_ORIGINS) {
      throw new ModelException(
          ("the model joins its constants over and over, into more than %s parts;"
                  + " simplify it before it is counted")
              .formatted(MOST_ORIGINS));
    }
    return origins;
  }

  private @Nullable Origins originsOf(String value) {
    Value known = find(value);
    return known == null ? null : known.origins;
  }

  /** The builder of the graph around all bodies. */
  private GraphBuilder main() {
    GraphBuilder main = this;
    while (main.outer != null) {
      main = main.outer;
    }
    return main;
  }

  /**
   * Shapes and other small results always fold, and what takes no memory of its own; larger ones
   * until they have taken {@link #MOST_FOLDED_BYTES} together, then they stay nodes, for the
   * backend to compute.
   */
  private Optional<List<Tensor>> fold(Operands in, List<TensorType> outputs) {
    GraphBuilder main = main();
    try {
      boolean isKept = in.node().metadata().containsKey(TorchOrigin.KEEP);
      boolean isFull = main.foldedBytes > MOST_FOLDED_BYTES && Folder.allocates(in.node());
      if (isKept
          || (isFull && outputs.stream().anyMatch(type -> type.elements() > SMALL_ELEMENTS))) {
        return Optional.empty();
      }
      Optional<List<Tensor>> folded = Folder.fold(in, outputs);
      if (folded.isPresent() && Folder.allocates(in.node())) {
        main.foldedBytes += largeBytes(folded.get());
      }
      return folded;
    } catch (DataDependentException e) {
      return Optional.empty();
    }
  }

  private static long largeBytes(List<Tensor> tensors) {
    long bytes = 0;
    for (Tensor tensor : tensors) {
      boolean isHeld = tensor instanceof DenseTensor && tensor.elements() > SMALL_ELEMENTS;
      bytes += isHeld ? Math.min(MOST_FOLDED_BYTES, tensor.type().bytes()) : 0;
    }
    return bytes;
  }

  private Optional<List<TensorType>> inferTypes(Node node, Operands in) {
    var given = main().givenTypes.get(node.qualifiedOp());
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
      own(node.outputs().get(i)).type = outputs.get(i);
    }
  }

  /** What inference cannot tell may be declared. */
  private void recordDeclared(Node node) {
    for (String output : node.outputs()) {
      ValueInfo info = declared.get(output);
      if (info != null && own(output).type == null) {
        own(output).type = info.concrete().orElse(null);
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

  private Value claim(String value) {
    Value claimed = new Value();
    if (values.putIfAbsent(value, claimed) != null) {
      throw new ModelException("the value '" + value + "' is written twice");
    }
    return claimed;
  }

  /** A value of this graph itself; of an output that is left out, one that is not kept. */
  private Value own(String value) {
    return value.isEmpty() ? new Value() : Objects.requireNonNull(values.get(value));
  }

  /** A value of this graph or of one around it; null if nothing gives it. */
  private @Nullable Value find(String value) {
    Value known = values.get(value);
    return known != null || outer == null ? known : outer.find(value);
  }

  /** Whether this graph or one around it has this value. */
  public boolean isDefined(String value) {
    return find(value) != null;
  }

  public Operands operands(Node node) {
    return new Operands(node, this::typeOf, this::constantOf);
  }

  /** The type of a value of this graph or of one around it; null if it depends on data. */
  public @Nullable TensorType typeOf(String value) {
    Value known = find(value);
    return known == null ? null : known.type;
  }

  /** A value of this graph or of one around it that is known; null for others. */
  public @Nullable Tensor constantOf(String value) {
    Value known = find(value);
    return known == null ? null : known.constant;
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
   * The finished graph; nodes and constants that no output needs are left out.
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
    List<Node> kept = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (!Collections.disjoint(needed, node.outputs())) {
        kept.add(node);
        needed.addAll(node.inputs());
        needed.addAll(GraphLinks.captures(node));
        needed.remove(""); // the name of what is left out
      }
    }
    Collections.reverse(kept);
    Map<String, Tensor> keptConstants = new LinkedHashMap<>();
    values.forEach(
        (value, known) -> {
          if (known.constant != null && needed.contains(value)) {
            keptConstants.put(value, known.constant);
          }
        });
    needed.addAll(inputs);
    kept.forEach(node -> needed.addAll(node.outputs()));
    Map<String, TensorType> keptTypes = new LinkedHashMap<>();
    Map<String, Origins> keptOrigins = new LinkedHashMap<>();
    for (String value : needed) {
      TensorType type = typeOf(value);
      if (type != null) {
        keptTypes.put(value, type);
      }
      Origins origins = originsOf(value);
      if (origins != null) {
        keptOrigins.put(value, origins);
      }
    }
    return new Graph(
        name, opset, inputs, outputs, kept, keptConstants, keptTypes, keptOrigins, inferences());
  }
}
