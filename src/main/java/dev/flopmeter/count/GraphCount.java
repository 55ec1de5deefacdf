package dev.flopmeter.count;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.TorchOrigin;
import dev.flopmeter.model.decompose.Decompositions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/** One count in progress: sums nodes, and the bodies of control flow as separate nodes. */
final class GraphCount {
  private final CostRules rules;
  private final Convention convention;
  private final GraphScope scope;
  private final GraphLinks links;
  private final List<LayerCost> layers = new ArrayList<>();
  private final Map<DataType, BytesMoved> moved = new EnumMap<>(DataType.class);
  private final Map<Tensor, Long> learned = Parameters.none();
  private final Map<Missed, Set<String>> uncounted = new LinkedHashMap<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private final Set<String> approximations = new LinkedHashSet<>();

  /** The facts of a run of this graph; null if it is counted without one. */
  private final @Nullable RunFacts facts;

  /** The most that activations of a body take, by the name of its node. */
  private final Map<String, Long> bodyPeaks = new HashMap<>();

  private Cost sum = Cost.ZERO;
  private Work work = Work.NONE;
  private long activations;

  /** Each control-flow node's body that was counted last, by the name of the node. */
  private final Map<String, GraphCount> bodies = new HashMap<>();

  /** The node whose body this is; null for a main graph. */
  private final @Nullable Around around;

  private record Around(GraphCount graph, Node node) {}

  private record Place(GraphCount graph, String value) {}

  /** Why the nodes of an operator are not counted. */
  private record Missed(String op, String reason) {}

  GraphCount(CostRules rules, Convention convention, Graph graph, @Nullable RunFacts facts) {
    this(rules, convention, GraphScope.of(facts == null ? graph : facts.in(graph)), facts, null);
  }

  private GraphCount(
      CostRules rules,
      Convention convention,
      GraphScope scope,
      @Nullable RunFacts facts,
      @Nullable Around around) {
    this.facts = facts;
    this.around = around;
    this.rules = rules;
    this.convention = convention;
    this.scope = scope;
    this.links = new GraphLinks(scope.graph());
    for (String file : scope.graph().missingFiles()) {
      notes.add("The file '" + file + "' is missing: shapes alone gave these numbers.");
    }
    Set<String> replaced = convention.keepsLastCallOnly() ? replacedCalls() : Set.of();
    for (Node node : scope.graph().nodes()) {
      try {
        add(node, replaced.contains(node.name()));
      } catch (ModelException e) {
        throw e.at(node.describe());
      }
    }
  }

  Counts toCounts(ModelInfo info) {
    List<Uncounted> missing = new ArrayList<>();
    for (Map.Entry<Missed, Set<String>> each : uncounted.entrySet()) {
      List<String> nodes = List.copyOf(each.getValue());
      missing.add(new Uncounted(each.getKey().op(), each.getKey().reason(), nodes));
    }
    Cost totals =
        new Cost(
            sum.macs(),
            sum.flops(),
            Parameters.elements(learned),
            sum.bytesRead(),
            sum.bytesWritten());
    return new Counts(
        info,
        convention.name(),
        totals,
        work,
        activations,
        peak(),
        moved,
        missing,
        List.copyOf(notes),
        List.copyOf(approximations),
        layers);
  }

  /** Marks the layers that differ from a count without a run. */
  void markChanges(List<LayerCost> withoutRun) {
    for (int i = 0; i < layers.size(); i++) {
      if (!layers.get(i).equals(withoutRun.get(i))) {
        layers.set(i, layers.get(i).asRun());
      }
    }
  }

  private long peak() {
    return Liveness.peak(scope.graph(), bodyPeaks);
  }

  private void add(Node node, boolean isReplaced) {
    Operands in = scope.operands(node);
    if (BodyCost.isKnown(node)) {
      Map<Tensor, Long> scanned = Parameters.scanned(in, scope.graph());
      learned.putAll(scanned);
      Cost weights = new Cost(0, 0, Parameters.elements(scanned), 0, 0);
      long before = activations;
      Cost cost = BodyCost.count(this, in).plus(weights);
      layers.add(layer(in, cost, activations - before, true));
      return;
    }
    if (scope.graph().isComputedAtLoad(node)) {
      layers.add(layer(in, Cost.ZERO, 0, true));
      return;
    }
    Optional<Work> own = ownWork(in);
    Work counted = own.orElse(Work.NONE);
    Operands stored = Traffic.stored(scope, links, node);
    boolean moves = !Traffic.isWidening(links, node);
    long number = isReplaced ? 0 : number(new CountedNode(in, scope.graph(), counted, links));
    Cost cost =
        new Cost(
            counted.macs(),
            number,
            learn(in),
            moves ? Traffic.read(stored, new Movement(moved, true)) : 0,
            moves ? Traffic.written(in, new Movement(moved, false)) : 0);
    work = work.plus(counted);
    sum = sum.plus(cost);
    long written = activations(in, counted);
    activations = Sizes.add(activations, written);
    layers.add(layer(in, cost, written, own.isPresent()));
  }

  private static long activations(Operands in, Work work) {
    TensorType written = in.knownOutput(0).orElse(null);
    return work.macs() == 0 || written == null ? 0 : written.elements();
  }

  private Optional<Work> ownWork(Operands in) {
    CostRule rule = rules.find(in.node().qualifiedOp()).orElse(null);
    if (rule == null) {
      miss(in.node(), Uncounted.reason(in.node().qualifiedOp()));
      return Optional.empty();
    }
    try {
      return Optional.of(rule.work(in));
    } catch (DataDependentException e) {
      miss(in.node(), blinding(in.node()));
      return Optional.empty();
    }
  }

  /** Why shapes are unknown on the way to {@code node}, also in bodies or enclosing graphs. */
  private String blinding(Node node) {
    Set<Node> seen = new HashSet<>(List.of(node));
    Deque<Place> behind = new ArrayDeque<>();
    addTo(behind, node.inputs());
    while (!behind.isEmpty()) {
      Place place = behind.remove();
      GraphCount at = place.graph();
      Node writer = at.links.writer(place.value());
      if (at.scope.type(place.value()) != null || (writer != null && !seen.add(writer))) {
        continue;
      }
      if (writer == null) {
        at.addAround(behind, place.value());
      } else if (Decompositions.typeRule(writer.qualifiedOp()).isPresent()) {
        at.addTo(behind, writer.inputs());
      } else if (BodyCost.isKnown(writer)) {
        GraphCount body = at.bodies.get(writer.name());
        if (body != null) {
          body.addTo(behind, body.scope.graph().outputs());
        }
        at.addTo(behind, writer.inputs());
      } else {
        return "behind node '%s' of the unknown operator %s"
            .formatted(at.scope.path() + writer.name(), writer.qualifiedOp());
      }
    }
    boolean isKnown =
        BodyCost.isKnown(node) || Decompositions.typeRule(node.qualifiedOp()).isPresent();
    return isKnown ? "its shapes depend on data" : "no rule gives the shapes of its outputs";
  }

  private void addTo(Deque<Place> behind, List<String> values) {
    values.forEach(value -> behind.add(new Place(this, value)));
  }

  /** The source of an input of this body, or of a value that it captures. */
  private void addAround(Deque<Place> behind, String value) {
    if (around != null) {
      List<String> given = scope.isOwn(value) ? around.node().inputs() : List.of(value);
      around.graph().addTo(behind, given);
    }
  }

  private long number(CountedNode call) {
    try {
      return convention.count(call);
    } catch (DataDependentException e) {
      return 0;
    }
  }

  private void miss(Node node, String reason) {
    uncounted
        .computeIfAbsent(new Missed(node.qualifiedOp(), reason), any -> new LinkedHashSet<>())
        .add(scope.path() + node.name());
  }

  /** Adds up the bytes that are read, or those that are written. */
  private record Movement(Map<DataType, BytesMoved> moved, boolean isRead)
      implements ObjLongConsumer<DataType> {
    @Override
    public void accept(DataType type, long bytes) {
      BytesMoved more = new BytesMoved(isRead ? bytes : 0, isRead ? 0 : bytes);
      moved.put(type, moved.getOrDefault(type, BytesMoved.NONE).plus(more));
    }
  }

  private long learn(Operands in) {
    Map<Tensor, Long> read = Parameters.of(in, scope.graph());
    learned.putAll(read);
    return Parameters.elements(read);
  }

  private static LayerCost layer(Operands in, Cost cost, long activations, boolean isCounted) {
    Node node = in.node();
    List<Shape> shapes = new ArrayList<>();
    for (int i = 0; i < in.outputCount(); i++) {
      TensorType type = in.knownOutput(i).orElse(null);
      if (type != null) {
        shapes.add(type.shape());
      }
    }
    return new LayerCost(
        node.name(), node.qualifiedOp(), shapes, cost, activations, isCounted, false);
  }

  /** A body's own count, named below its operator. */
  GraphCount inner(Node node, Graph body, @Nullable RunFacts shown) {
    Graph known = shown == null ? body : shown.in(body);
    GraphScope inside = scope.inside(node, known);
    GraphCount count = new GraphCount(rules, convention, inside, shown, new Around(this, node));
    bodies.put(node.name(), count);
    bodyPeaks.merge(node.name(), count.peak(), Math::max);
    return count;
  }

  /** The bodies of {@code node} that were run, and how often; null if it is counted without. */
  @Nullable Map<RunFacts.BodyRun, Long> runs(Node node) {
    return facts == null ? null : facts.bodies().get(node.name());
  }

  /**
   * Adds the cost of runs of bodies.
   *
   * @param runs how often each ran
   * @param isExact false if how often the body runs, or which one, depends on data
   */
  Cost take(Map<GraphCount, Long> runs, boolean isExact, String note) {
    Cost cost = Cost.ZERO;
    Map<Tensor, Long> read = Parameters.none();
    for (Map.Entry<GraphCount, Long> run : runs.entrySet()) {
      cost = cost.plus(take(run.getKey(), run.getValue()));
      read.putAll(run.getKey().learned);
    }
    notes.add(note);
    if (!isExact) {
      approximations.add(note);
    }
    learned.putAll(read);
    sum = sum.plus(cost);
    return cost.plus(new Cost(0, 0, Parameters.elements(read), 0, 0));
  }

  private Cost take(GraphCount body, long times) {
    Cost one = body.sum;
    work =
        work.plus(
            new Work(
                Sizes.multiply(times, body.work.macs()),
                Sizes.multiply(times, body.work.otherFlops())));
    activations = Sizes.add(activations, Sizes.multiply(times, body.activations));
    body.moved.forEach(
        (type, bytes) -> {
          new Movement(moved, true).accept(type, Sizes.multiply(times, bytes.read()));
          new Movement(moved, false).accept(type, Sizes.multiply(times, bytes.written()));
        });
    addUncounted(body);
    notes.addAll(body.notes);
    approximations.addAll(body.approximations);
    return new Cost(
        Sizes.multiply(times, one.macs()),
        Sizes.multiply(times, one.flops()),
        0,
        Sizes.multiply(times, one.bytesRead()),
        Sizes.multiply(times, one.bytesWritten()));
  }

  /** Names the operators that {@code body} does not count, even if the body itself is not used. */
  void addUncounted(GraphCount body) {
    body.uncounted.forEach(
        (missed, nodes) ->
            uncounted.computeIfAbsent(missed, any -> new LinkedHashSet<>()).addAll(nodes));
  }

  /** Our own FLOPs of everything counted here. */
  long flops() {
    return work.flops();
  }

  String path() {
    return scope.path();
  }

  /** Nodes whose module object another node calls again later. */
  private Set<String> replacedCalls() {
    Map<String, String> last = new HashMap<>();
    Set<String> replaced = new HashSet<>();
    for (Node node : scope.graph().nodes()) {
      String instance = node.metadata().get(TorchOrigin.INSTANCE);
      if (instance != null) {
        String before = last.put(instance, node.name());
        if (before != null) {
          replaced.add(before);
        }
      }
    }
    return replaced;
  }
}
