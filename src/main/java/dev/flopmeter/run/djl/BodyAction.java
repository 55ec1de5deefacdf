package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * If, Loop and Scan: Java evaluates the condition and runs the bodies, each a compiled graph. A
 * body gets its inputs, then the values that it captures from the enclosing graphs.
 */
final class BodyAction implements Action {
  /** The attributes that hold the bodies of an operator. */
  private static final Map<String, List<String>> BODIES =
      Map.of(
          "If", List.of("then_branch", "else_branch"),
          "Loop", List.of("body"),
          "Scan", List.of("body"));

  private final Node node;
  private final TorchMemory memory;
  private final List<String> attributes;
  private final List<CompiledGraph> bodies = new ArrayList<>();
  private final List<String> captures;
  private final List<String> reads;
  private final @Nullable RunWatch watch;

  BodyAction(
      Node node,
      GraphScope scope,
      RunOptions options,
      TorchMemory memory,
      @Nullable RunWatch watch) {
    this.node = node;
    this.memory = memory;
    this.watch = watch;
    this.attributes = BODIES.getOrDefault(node.op(), List.of());
    this.captures =
        GraphLinks.captures(node).stream()
            .filter(value -> scope.constant(value) == null)
            .sorted()
            .toList();
    this.reads =
        Stream.of(node.inputs(), captures)
            .flatMap(List::stream)
            .filter(value -> !value.isEmpty())
            .distinct()
            .toList();
    if (node.op().equals("Scan") && isBatched() && node.hasInput(0)) {
      throw new UnsupportedOperatorException(
          "djl", "Scan", node.describe() + ": sequences of different lengths");
    }
    for (String attribute : attributes) {
      GraphScope inside = scope.inside(node, body(attribute));
      bodies.add(new GraphCompiler(inside, captures, options, memory, watch).build());
    }
  }

  /** Whether the operator of {@code node} runs bodies. */
  static boolean runs(Node node) {
    return BODIES.containsKey(node.qualifiedOp());
  }

  private Graph body(String attribute) {
    return node.attributes()
        .body(attribute)
        .orElseThrow(
            () -> new ModelException("%s: %s is missing".formatted(node.describe(), attribute)));
  }

  /** The names of the values to pass to {@link #run}. */
  List<String> reads() {
    return reads;
  }

  /** All bodies' weights are held; one body runs at a time. */
  @Override
  public Memory use() {
    long weights = bodies.stream().mapToLong(body -> body.use().weights()).sum();
    long most = bodies.stream().mapToLong(body -> body.use().activations()).max().orElse(0);
    return new Memory(weights, most, 0);
  }

  @Override
  public void close() {
    bodies.forEach(CompiledGraph::close);
  }

  @Override
  public IValue[] run(IValue[] inputs) {
    if (watch != null) {
      watch.start(node);
    }
    return switch (node.op()) {
      case "If" -> run(isTrue(required(inputs, 0)) ? 0 : 1, inputs, List.of());
      case "Loop" -> loop(inputs);
      default -> isBatched() ? scanEach(inputs) : scan(inputs, given(inputs, 0));
    };
  }

  /** Runs the body {@code which} on {@code own} inputs, followed by the captured values. */
  private IValue[] run(int which, IValue[] inputs, List<IValue> own) {
    List<IValue> all = new ArrayList<>(own);
    captures.forEach(value -> all.add(inputs[reads.indexOf(value)]));
    IValue[] results = bodies.get(which).run(all.toArray(IValue[]::new));
    if (watch != null) {
      watch.ran(node, attributes.get(which));
    }
    return results;
  }

  /** The node's input {@code index} among what was given; null if it is left out. */
  private @Nullable IValue input(IValue[] inputs, int index) {
    return node.hasInput(index) ? inputs[reads.indexOf(node.inputs().get(index))] : null;
  }

  private IValue required(IValue[] inputs, int index) {
    IValue value = input(inputs, index);
    if (value == null) {
      throw new ModelException("%s: input %s is missing".formatted(node.describe(), index));
    }
    return value;
  }

  /** The node's inputs from {@code first} on. */
  private List<IValue> given(IValue[] inputs, int first) {
    List<IValue> given = new ArrayList<>();
    for (int i = first; i < node.inputs().size(); i++) {
      given.add(required(inputs, i));
    }
    return given;
  }

  private boolean isTrue(IValue condition) {
    return memory.fetch(condition).longAt(0) != 0;
  }

  private static void closeAll(List<IValue> values) {
    values.forEach(IValue::close);
  }

  /** The rows of all trips, stacked; an empty tensor if there were no trips. */
  private IValue joined(List<IValue> trips, long axis, @Nullable TensorType each) {
    if (!trips.isEmpty()) {
      long rank = memory.describe(trips.get(0)).shape().rank() + 1L;
      return memory.stack(trips, axis < 0 ? axis + rank : axis);
    }
    if (each == null) {
      throw new ModelException(
          node.describe() + ": the type of an output is unknown when there are no trips");
    }
    Shape shape = Shape.of(0).concat(each.shape());
    return memory.place(FilledTensor.of(each.withShape(shape), 0));
  }

  /**
   * The values that the trips of a loop pass on: states, and rows to which each trip adds one
   * tensor.
   */
  private final class Trips implements AutoCloseable {
    private final List<IValue> states = new ArrayList<>();
    private final List<List<IValue>> rows = new ArrayList<>();
    private final List<@Nullable TensorType> added = new ArrayList<>();
    private final int first;

    /**
     * @param start the states before the first trip, owned by the caller
     * @param first the number of the body's results before its states
     */
    Trips(List<IValue> start, int first) {
      this.first = first;
      start.forEach(value -> states.add(memory.share(value)));
      Graph body = body("body");
      for (String output : body.outputs().subList(first + start.size(), body.outputs().size())) {
        added.add(body.types().get(output));
        rows.add(new ArrayList<>());
      }
    }

    /**
     * Runs the body once. Its results replace the states and extend the rows, in front where {@code
     * back} is not 0.
     *
     * @return all results; the states and rows own their part of them
     */
    IValue[] advance(IValue[] inputs, List<IValue> own, long[] back) {
      IValue[] out = BodyAction.this.run(0, inputs, own);
      closeAll(states);
      int rowsFrom = first + states.size();
      states.clear();
      states.addAll(Arrays.asList(out).subList(first, rowsFrom));
      for (int i = 0; i < rows.size(); i++) {
        rows.get(i).add(back[i] == 0 ? rows.get(i).size() : 0, out[rowsFrom + i]);
      }
      return out;
    }

    /** New handles on the states, then the rows, each stacked along its axis. */
    IValue[] results(long[] axes) {
      List<IValue> results = new ArrayList<>();
      states.forEach(value -> results.add(memory.share(value)));
      for (int i = 0; i < rows.size(); i++) {
        results.add(joined(rows.get(i), axes[i], added.get(i)));
      }
      return results.toArray(IValue[]::new);
    }

    @Override
    public void close() {
      closeAll(states);
      rows.forEach(BodyAction::closeAll);
    }
  }

  private IValue[] loop(IValue[] inputs) {
    IValue limit = input(inputs, 0);
    IValue start = input(inputs, 1);
    if (limit == null && start == null) {
      throw new ModelException(
          node.describe() + ": it has neither a trip count nor a condition and would never end");
    }
    long most = limit == null ? Long.MAX_VALUE : memory.fetch(limit).longAt(0);
    boolean goesOn = start == null || isTrue(start);
    try (Trips trips = new Trips(given(inputs, 2), 1)) {
      long[] inOrder = new long[trips.rows.size()];
      for (long trip = 0; trip < most && goesOn; trip++) {
        boolean isWanted = advance(inputs, trip, trips, inOrder);
        // A loop with a trip count alone ignores the condition of its body.
        goesOn = isWanted || start == null;
      }
      return trips.results(inOrder);
    }
  }

  private boolean advance(IValue[] inputs, long trip, Trips trips, long[] inOrder) {
    IValue[] out;
    try (IValue number = memory.place(Tensor.ofLong(trip));
        IValue condition = memory.place(FilledTensor.of(TensorType.of(DataType.BOOL), 1))) {
      List<IValue> own = new ArrayList<>(List.of(number, condition));
      own.addAll(trips.states);
      out = trips.advance(inputs, own, inOrder);
    }
    try (IValue condition = out[0]) {
      return isTrue(condition);
    }
  }

  /** Before opset 9 the first input was the lengths, and the first axis of the others a batch. */
  private boolean isBatched() {
    return node.opset() < 9;
  }

  private IValue[] scanEach(IValue[] inputs) {
    List<IValue> given = given(inputs, 1);
    long batch = memory.describe(given.get(0)).shape().dim(0);
    List<List<IValue>> rows = new ArrayList<>();
    try {
      for (long b = 0; b < batch; b++) {
        long example = b;
        List<IValue> parts = given.stream().map(value -> memory.select(value, 0, example)).toList();
        rows.add(List.of(scan(inputs, parts)));
        closeAll(parts);
      }
      IValue[] results = new IValue[body("body").outputs().size()];
      for (int i = 0; i < results.length; i++) {
        int output = i;
        results[i] = joined(rows.stream().map(row -> row.get(output)).toList(), 0, null);
      }
      return results;
    } finally {
      rows.forEach(BodyAction::closeAll);
    }
  }

  /**
   * @param given the states, then what is scanned
   */
  private IValue[] scan(IValue[] inputs, List<IValue> given) {
    int scanned = (int) node.attributes().integer("num_scan_inputs");
    List<IValue> sequences = given.subList(given.size() - scanned, given.size());
    long[] inAxes = list("scan_input_axes", scanned);
    long[] inBack = list(isBatched() ? "directions" : "scan_input_directions", scanned);
    try (Trips trips = new Trips(given.subList(0, given.size() - scanned), 0)) {
      long[] outBack = list("scan_output_directions", trips.rows.size());
      Shape first = memory.describe(sequences.get(0)).shape();
      long count = first.dim(first.axis(inAxes[0]));
      for (long trip = 0; trip < count; trip++) {
        List<IValue> parts = new ArrayList<>();
        for (int i = 0; i < scanned; i++) {
          long index = inBack[i] == 0 ? trip : count - 1 - trip;
          parts.add(memory.select(sequences.get(i), inAxes[i], index));
        }
        List<IValue> own = new ArrayList<>(trips.states);
        own.addAll(parts);
        trips.advance(inputs, own, outBack);
        closeAll(parts);
      }
      return trips.results(list("scan_output_axes", trips.rows.size()));
    }
  }

  private long[] list(String name, int size) {
    return node.attributes().integers(name, new long[size]);
  }
}
