package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.Unrolling;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.execute.CudnnPlan;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * A graph whose shapes, branches or trips depend on data, as a sequence of plans: each runs the
 * part that is known by then, and the values that determine the rest are read back. The stages are
 * those of the loaded inputs.
 */
final class StagedPlan implements Plan {
  private final Graph graph;
  private final Function<Graph, CudnnPlan> prepare;
  private final List<CudnnPlan> stages = new ArrayList<>();
  private final Map<String, Tensor> values = new HashMap<>();
  private Map<String, Tensor> loaded = Map.of();

  /**
   * @param prepare prepares a part of the graph in which nothing is open
   */
  StagedPlan(Graph graph, Function<Graph, CudnnPlan> prepare) {
    this.graph = graph;
    this.prepare = prepare;
  }

  /** Whether a graph needs more than one plan. */
  static boolean isNeeded(Graph graph) {
    return graph.nodes().stream().anyMatch(node -> isOpen(graph, node));
  }

  /** A type declared by the model's author, if inference fails, is that of one run. */
  private static boolean isOpen(Graph graph, Node node) {
    return OperatorTrait.CONTROL_FLOW.of(node)
        || node.outputs().stream()
            .anyMatch(output -> !output.isEmpty() && graph.type(output).isEmpty())
        || (!Decompositions.operators().contains(node.qualifiedOp())
            && !deciding(graph, node).isEmpty());
  }

  @Override
  public void load(Map<String, Tensor> inputs) {
    if (inputs.equals(loaded)) {
      return;
    }
    close();
    graph.inputs().forEach(input -> CudnnPlan.requireInput(graph, input, inputs));
    values.putAll(inputs);
    for (Optional<Graph> rest = Optional.of(graph); rest.isPresent(); ) {
      rest = advance(Unrolling.of(rest.get()));
    }
    loaded = Map.copyOf(inputs);
  }

  /** Runs the known part of a graph, and returns the rest with the values that determine it. */
  private Optional<Graph> advance(Graph whole) {
    List<Node> ready = new ArrayList<>();
    List<Node> open = new ArrayList<>();
    Set<String> unknown = new HashSet<>();
    Set<String> wanted = new HashSet<>(whole.outputs());
    Set<String> deciding = new HashSet<>();
    for (Node node : whole.nodes()) {
      List<String> reads = GraphLinks.reads(node);
      boolean isReached = reads.stream().noneMatch(unknown::contains);
      if (isReached && !isOpen(whole, node)) {
        ready.add(node);
        continue;
      }
      open.add(node);
      unknown.addAll(node.outputs());
      wanted.addAll(reads);
      if (isReached) {
        deciding.addAll(deciding(whole, node));
      }
    }
    whole.constants().forEach(values::putIfAbsent);
    if (!ready.isEmpty()) {
      CudnnPlan plan = prepare.apply(part(whole, ready, wanted, Set.of()));
      stages.add(plan);
      values.putAll(plan.run(values));
    }
    if (open.isEmpty()) {
      return Optional.empty();
    }
    if (deciding.isEmpty()) {
      Node first = open.get(0);
      throw new UnsupportedOperatorException(
          DevicePlan.BACKEND,
          first.qualifiedOp(),
          "node '" + first.name() + "': its shapes depend on data");
    }
    return Optional.of(part(whole, open, Set.copyOf(whole.outputs()), deciding));
  }

  /** The unknown values that determine the outputs of a node whose inputs are available. */
  private static Set<String> deciding(Graph graph, Node node) {
    Map<String, Tensor> constants = graph.constants();
    Set<String> asked = new HashSet<>();
    if (OperatorTrait.CONTROL_FLOW.of(node)) {
      asked.addAll(node.inputs().subList(0, Math.min(2, node.inputs().size())));
      asked.removeAll(constants.keySet());
      asked.remove("");
      return asked;
    }
    Function<String, @Nullable Tensor> known =
        value -> {
          if (!constants.containsKey(value)) {
            asked.add(value);
          }
          return constants.get(value);
        };
    try {
      Decompositions.typeRule(node.qualifiedOp())
          .ifPresent(rule -> rule.infer(new Operands(node, graph.types()::get, known)));
    } catch (DataDependentException e) {
      // Kernels read more of such arguments: the region of a Resize, not only its sizes.
      node.inputs().stream()
          .skip(1)
          .filter(value -> graph.type(value).filter(type -> type.shape().rank() <= 1).isPresent())
          .filter(value -> !constants.containsKey(value))
          .forEach(asked::add);
      return asked;
    }
    return Set.of();
  }

  /** Some nodes of a graph, with the available values as inputs and constants. */
  private Graph part(Graph whole, List<Node> nodes, Set<String> wanted, Set<String> known) {
    Set<String> inputs = new LinkedHashSet<>();
    List<String> written = new ArrayList<>();
    Map<String, Tensor> constants = new LinkedHashMap<>();
    Map<String, TensorType> types = new LinkedHashMap<>(whole.types());
    for (Node node : nodes) {
      inputs.addAll(GraphLinks.reads(node));
      written.addAll(node.outputs());
    }
    written.forEach(inputs::remove);
    for (String value : inputs) {
      Tensor tensor = Objects.requireNonNull(values.get(value), value);
      if (known.contains(value) || whole.constants().containsKey(value)) {
        constants.put(value, tensor);
      }
      types.put(value, tensor.type());
    }
    inputs.removeAll(constants.keySet());
    List<String> outputs = written.stream().filter(wanted::contains).toList();
    return new Graph(
        whole.name(),
        whole.opset(),
        List.copyOf(inputs),
        outputs,
        nodes,
        constants,
        types,
        whole.origins(),
        whole.batch());
  }

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    load(inputs);
    Map<String, Tensor> results = new LinkedHashMap<>();
    graph.outputs().forEach(output -> results.put(output, values.get(output)));
    return results;
  }

  @Override
  public List<Step> steps() {
    Set<String> served = new HashSet<>();
    return stages.stream()
        .flatMap(stage -> stage.steps().stream())
        .map(step -> step.serving(step.nodes().stream().filter(served::add).toList()))
        .toList();
  }

  @Override
  public List<String> notes() {
    Set<String> notes = new LinkedHashSet<>();
    stages.forEach(stage -> notes.addAll(stage.notes()));
    notes.add(
        ("shapes, branches or trip counts depend on data: the model ran in %d parts; the times"
                + " exclude reading back the deciding values")
            .formatted(stages.size()));
    return List.copyOf(notes);
  }

  @Override
  public Memory memory() {
    return new Memory(total(Memory::weights), total(Memory::activations), total(Memory::workspace));
  }

  private long total(ToLongFunction<Memory> part) {
    return stages.stream().map(Plan::memory).mapToLong(part).sum();
  }

  @Override
  public double timePass() {
    return stages.stream().mapToDouble(Plan::timePass).sum();
  }

  @Override
  public double[] timeSteps() {
    return stages.stream().flatMapToDouble(stage -> DoubleStream.of(stage.timeSteps())).toArray();
  }

  @Override
  public Optional<Double> timeEagerPass() {
    return Optional.of(
        stages.stream().mapToDouble(stage -> stage.timeEagerPass().orElseThrow()).sum());
  }

  @Override
  public void close() {
    stages.forEach(CudnnPlan::close);
    stages.clear();
    values.clear();
    loaded = Map.of();
  }
}
