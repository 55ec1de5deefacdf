package dev.flopmeter.run.trace;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.trace.NodeJoin.Joined;
import dev.flopmeter.run.trace.Trace.Kernel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Joins the kernels of a trace to the nodes of the model: one step for each, in their order. */
public final class TraceJoin {
  private static final String BLOCKED_CONVOLUTION = "com.microsoft.nchwc:Conv";

  private TraceJoin() {}

  /**
   * Joins kernels by the optimised model that they ran.
   *
   * @throws ModelException if most of the trace's nodes are not in that model
   */
  public static Joined byGraph(
      Graph graph, List<Node> written, List<Kernel> kernels, GraphTemplate ran) {
    List<Node> optimised = ran.nodes();
    List<Integer> places = places(kernels, optimised);
    long found = places.stream().filter(Objects::nonNull).count();
    if (2 * found < kernels.size()) {
      throw new ModelException(
          "the trace is not of this optimised model: %s of the trace's %s nodes are in it; '%s' is not"
              .formatted(found, kernels.size(), kernels.get(places.indexOf(null)).name()));
    }
    List<Node> executed = new ArrayList<>();
    for (int i = 0; i < kernels.size(); i++) {
      Integer place = places.get(i);
      executed.add(place == null ? nameless(kernels.get(i), i) : optimised.get(place));
    }
    Joined joined = NodeJoin.steps(graph, written, executed);
    List<Step> steps = new ArrayList<>(joined.steps());
    for (int i = 0; i < executed.size(); i++) {
      int place = joined.stepOf().get(i);
      Step step = steps.get(place);
      long padding = paddingMacs(graph, step, executed.get(i), ran.initializers());
      if (padding > 0) {
        KernelInfo kernel = step.kernel().padded(padding);
        steps.set(place, new Step(step.name(), step.op(), step.nodes(), kernel));
      }
    }
    return new Joined(steps, joined.stepOf());
  }

  /**
   * What a convolution multiplies in addition because ONNX Runtime's blocked layout (NCHWc) fills
   * channels up to a block of 4, 8 or 16: the optimised model's weights have the channels that are
   * computed, and each weight is multiplied once for each place of the output.
   */
  private static long paddingMacs(
      Graph graph, Step step, Node executed, Map<String, Tensor> weights) {
    Node node =
        graph.nodes().stream()
            .filter(one -> one.op().equals("Conv") && one.name().equals(step.name()))
            .findFirst()
            .orElse(null);
    if (node == null || !executed.qualifiedOp().equals(BLOCKED_CONVOLUTION)) {
      return 0;
    }
    Tensor padded = weights.get(executed.inputs().get(1));
    Shape own = graph.type(node.inputs().get(1)).map(TensorType::shape).orElse(null);
    Shape output = graph.type(node.outputs().get(0)).map(TensorType::shape).orElse(null);
    if (padded == null || own == null || output == null) {
      return 0;
    }
    long places = output.elements() / output.dim(1);
    return places * (padded.shape().elements() - own.elements());
  }

  /** Where each kernel is in the model; null if it is not. Names first, then its own index. */
  private static List<@Nullable Integer> places(List<Kernel> kernels, List<Node> optimised) {
    Map<String, Integer> byName = new HashMap<>();
    Map<String, Deque<Integer>> nameless = new HashMap<>();
    for (int i = 0; i < optimised.size(); i++) {
      Node node = optimised.get(i);
      if (node.name().isEmpty()) {
        nameless.computeIfAbsent(node.op(), any -> new ArrayDeque<>()).add(i);
      } else {
        byName.merge(node.name(), i, (one, other) -> -1); // not unique
      }
    }
    List<@Nullable Integer> places = new ArrayList<>();
    for (Kernel kernel : kernels) {
      Integer place = byName.get(kernel.name());
      boolean isIndexed =
          kernel.index() >= 0
              && kernel.index() < optimised.size()
              && optimised.get(kernel.index()).op().equals(kernel.op());
      if (place != null && place >= 0 && optimised.get(place).op().equals(kernel.op())) {
        places.add(place);
      } else if (kernel.name().equals(kernel.op() + "_" + kernel.index())) {
        // ONNX Runtime's name for a node without one; those of a kind run in their order.
        places.add(nameless.getOrDefault(kernel.op(), new ArrayDeque<>()).poll());
      } else {
        places.add(isIndexed ? Integer.valueOf(kernel.index()) : null);
      }
    }
    return places;
  }

  private static Node nameless(Kernel kernel, int index) {
    return node(kernel, List.of(), List.of(NodeJoin.UNNAMED + index));
  }

  private static Node node(Kernel kernel, List<String> inputs, List<String> outputs) {
    return new Node(kernel.name(), "", kernel.op(), 1, inputs, outputs, Attributes.NONE, Map.of());
  }

  /**
   * Joins kernels by the nodes that the runtime names. Where it names others than the model has, as
   * another export of the same network does, kinds and shapes in their order decide.
   */
  public static Joined byNodes(Graph graph, List<Kernel> kernels) {
    Map<String, Integer> places = new HashMap<>();
    graph.nodes().forEach(node -> places.put(node.name(), places.size()));
    List<List<Node>> known = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    int found = 0;
    for (Kernel kernel : kernels) {
      List<Integer> named =
          kernel.nodes().stream().map(places::get).filter(Objects::nonNull).sorted().toList();
      found += named.isEmpty() ? 0 : 1;
      boolean isRegion = kernel.name().contains("ForeignNode[");
      int from = named.isEmpty() ? 0 : named.get(0);
      int to = named.isEmpty() ? 0 : named.get(named.size() - 1) + 1;
      known.add(
          graph.nodes().subList(from, to).stream()
              .filter(node -> isRegion || kernel.nodes().contains(node.name()))
              .filter(node -> taken.add(node.name()))
              .toList());
    }
    List<Node> executed =
        kernels.stream().map(kernel -> node(kernel, List.of(), List.of())).toList();
    long naming = kernels.stream().filter(kernel -> !kernel.nodes().isEmpty()).count();
    return NodeJoin.stepsOf(graph, executed, 2L * found < naming ? inOrder(graph, kernels) : known);
  }

  /** For every node that a kernel names, the next of its kind; of a product, of its shape. */
  private static List<List<Node>> inOrder(Graph graph, List<Kernel> kernels) {
    List<Node> left = new ArrayList<>(graph.nodes());
    List<List<Node>> known = new ArrayList<>();
    for (Kernel kernel : kernels) {
      List<Node> own = new ArrayList<>();
      for (String name : kernel.nodes()) {
        String kind = name.substring(name.lastIndexOf('/') + 1).replaceFirst("_\\d+$", "");
        left.stream()
            .filter(node -> node.op().equals(kind))
            .filter(node -> !NodeJoin.isProduct(node) || hasShape(graph, node, kernel.shape()))
            .findFirst()
            .ifPresent(own::add);
        left.removeAll(own);
      }
      known.add(own);
    }
    return known;
  }

  /** Whether a node's result has this shape, except ones at the end; true if either is unknown. */
  private static boolean hasShape(Graph graph, Node node, List<Long> shape) {
    return shape.isEmpty()
        || graph
            .type(node.outputs().get(0))
            .map(type -> trimmed(Arrays.stream(type.shape().dims()).boxed().toList()))
            .map(trimmed(shape)::equals)
            .orElse(true);
  }

  private static List<Long> trimmed(List<Long> shape) {
    int end = shape.size();
    while (end > 0 && shape.get(end - 1) == 1) {
      end--;
    }
    return shape.subList(0, end);
  }

  /** Joins kernels by their names: those without a known name get the nodes in between. */
  public static Joined byName(Graph graph, List<Node> written, List<Kernel> kernels) {
    List<Node> all = Stream.concat(written.stream(), graph.nodes().stream()).toList();
    GraphLinks links = new GraphLinks(all, List.of());
    List<Node> executed = new ArrayList<>();
    List<String> open = new ArrayList<>();
    for (int i = 0; i < kernels.size(); i++) {
      Kernel kernel = kernels.get(i);
      List<String> outputs = List.of();
      for (String stem : NodeJoin.stems(kernel.name())) {
        Node same = links.node(stem);
        outputs =
            same != null ? same.outputs() : links.writer(stem) != null ? List.of(stem) : outputs;
      }
      if (outputs.isEmpty()) {
        executed.add(nameless(kernel, i));
        open.add(NodeJoin.UNNAMED + i);
      } else {
        executed.add(node(kernel, open, outputs));
        open.clear();
      }
    }
    return NodeJoin.steps(graph, written, executed);
  }
}
