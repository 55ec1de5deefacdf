package dev.flopmeter.model.bind;

import dev.flopmeter.model.BatchAxes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.FunctionTemplate;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.decompose.Decompositions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a graph as written into one with bound shapes: puts the nodes into topological order,
 * replaces calls of model-local functions by their bodies, binds the bodies of control flow.
 */
public final class TemplateBinder {
  /** Deeper nesting of bodies and functions is treated as an attack. */
  static final int MAX_DEPTH = 64;

  /** A function that calls two others twice each, and so on, would practically never end. */
  static final int MAX_NODES = 1 << 20;

  private final int opset;
  private final Map<String, FunctionTemplate> functions;
  private final int maxNodes;
  private int added;

  /**
   * @param functions model-local functions by {@link FunctionTemplate#key}
   */
  public TemplateBinder(int opset, Map<String, FunctionTemplate> functions) {
    this(opset, functions, MAX_NODES);
  }

  TemplateBinder(int opset, Map<String, FunctionTemplate> functions, int maxNodes) {
    this.opset = opset;
    this.functions = Map.copyOf(functions);
    this.maxNodes = maxNodes;
  }

  /**
   * Binds the main graph of a model.
   *
   * @throws ModelException if shapes are missing, do not fit, or the graph is malformed
   */
  public Graph bind(GraphTemplate template, Bindings bindings) {
    added = 0;
    GraphBuilder builder = new GraphBuilder(template.name(), opset, declared(template), null);
    builder.know(bindings.types());
    List<ValueInfo> feeds = feeds(template);
    List<ValueInfo> tensors = new ArrayList<>();
    boolean leadsWithOne = false;
    for (ValueInfo feed : feeds) { // a sequence or an optional value has no type
      if (feed.type() != null) {
        tensors.add(feed);
        leadsWithOne |= leadsWithOne(feed);
      }
    }
    BatchAxes axes = BatchAxes.of(tensors, template.nodes());
    Bindings.InputTypes bound = bindings.resolve(tensors, axes);
    builder.batch(bound.batch());
    for (ValueInfo feed : feeds) {
      builder.openInput(feed.name(), bound.types().get(feed.name()));
      Tensor known = bindings.values().get(feed.name());
      if (known != null) {
        builder.know(feed.name(), known);
      }
    }
    if (bindings.batch().isPresent() && leadsWithOne) {
      builder.rebatch(bindings.batch().getAsLong());
    }
    return finish(builder, template, 0);
  }

  private static boolean leadsWithOne(ValueInfo input) {
    List<Dim> dims = input.dims();
    return dims != null && !dims.isEmpty() && dims.get(0).size() == 1;
  }

  /** The declared inputs that are not initializers (which opsets before 4 also list as inputs). */
  public static List<ValueInfo> feeds(GraphTemplate template) {
    List<ValueInfo> feeds = new ArrayList<>();
    for (ValueInfo input : template.inputs()) {
      if (!template.initializers().containsKey(input.name())) {
        feeds.add(input);
      }
    }
    return feeds;
  }

  /**
   * Binds a body.
   *
   * @param inputTypes types of its inputs; null entries are not known before run time
   */
  Graph bindBody(
      GraphTemplate template,
      List<@Nullable TensorType> inputTypes,
      GraphBuilder outer,
      int depth) {
    if (depth > MAX_DEPTH) {
      throw new ModelException("bodies are nested more than " + MAX_DEPTH + " deep");
    }
    GraphBuilder builder = new GraphBuilder(template.name(), opset, declared(template), outer);
    List<ValueInfo> inputs = template.inputs();
    if (inputs.size() != inputTypes.size()) {
      throw new ModelException(
          "the body '%s' takes %s inputs, but is given %s"
              .formatted(template.name(), inputs.size(), inputTypes.size()));
    }
    for (int i = 0; i < inputs.size(); i++) {
      TensorType type = inputTypes.get(i);
      builder.openInput(
          inputs.get(i).name(), type == null ? inputs.get(i).concrete().orElse(null) : type);
    }
    return finish(builder, template, depth);
  }

  private Graph finish(GraphBuilder builder, GraphTemplate template, int depth) {
    if (inlined(template.nodes(), added, 0) > maxNodes) {
      added = maxNodes; // the first node is refused, before any is inlined
    }
    for (Map.Entry<String, Tensor> stored : template.initializers().entrySet()) {
      builder.constant(stored.getKey(), stored.getValue());
    }
    List<Node> nodes = Decompositions.annotated(template.nodes(), template.initializers());
    for (Node node : TopologicalOrder.of(nodes)) {
      add(builder, node, depth, List.of());
    }
    List<String> outputs = new ArrayList<>();
    for (ValueInfo output : template.outputs()) {
      outputs.add(output.name());
    }
    return builder.build(outputs);
  }

  private static Map<String, ValueInfo> declared(GraphTemplate template) {
    Map<String, ValueInfo> declared = new HashMap<>(template.declared());
    for (ValueInfo output : template.outputs()) {
      declared.put(output.name(), output);
    }
    return declared;
  }

  /** How many nodes there are once functions are inlined, counted until they are too many. */
  private long inlined(List<Node> nodes, long before, int depth) {
    long all = before + nodes.size();
    for (Node node : nodes) {
      FunctionTemplate called = depth < MAX_DEPTH ? functions.get(node.qualifiedOp()) : null;
      all = called == null || all > maxNodes ? all : inlined(called.nodes(), all, depth + 1);
    }
    return all;
  }

  private void add(GraphBuilder builder, Node node, int depth, List<String> callers) {
    added += 1 + node.name().length() / 64; // names grow with each call and need memory
    if (added > maxNodes) {
      throw new ModelException(
          "the model has more than " + maxNodes + " nodes once its functions are inlined");
    }
    FunctionTemplate function = functions.get(node.qualifiedOp());
    if (function != null) {
      inline(builder, node, function, depth, callers);
      return;
    }
    boolean hasBodies;
    try {
      hasBodies = new BodyBinding(builder, node, this, depth + 1).add();
    } catch (ModelException e) {
      throw e.at(node.describe());
    }
    if (!hasBodies) {
      builder.add(node);
    }
  }

  private void inline(
      GraphBuilder builder, Node call, FunctionTemplate function, int depth, List<String> callers) {
    String key = function.key();
    if (callers.contains(key)) {
      throw new ModelException(call.describe() + ": the function '" + key + "' calls itself");
    }
    if (callers.size() >= MAX_DEPTH) {
      throw new ModelException(
          call.describe() + ": functions call each other more than " + MAX_DEPTH + " deep");
    }
    List<String> path = new ArrayList<>(callers);
    path.add(key);
    for (Node node : FunctionBody.of(call, function)) {
      add(builder, node, depth, path);
    }
  }
}
