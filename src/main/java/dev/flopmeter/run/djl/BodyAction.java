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
import dev.flopmeter.run.MemoryUse;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * If, Loop and Scan: Java evaluates the condition and runs the bodies, each a program. A body gets
 * its inputs, then the values that it captures from the enclosing graphs.
 */
abstract class BodyAction implements Action {
  final Node node;
  final TorchMemory memory;
  private final List<Program> bodies = new ArrayList<>();
  private final List<String> captures;
  private final List<String> given;
  private final List<String> reads;

  private BodyAction(Node node, GraphScope scope, TorchMemory memory) {
    this.node = node;
    this.memory = memory;
    this.captures =
        GraphLinks.captures(node).stream()
            .filter(value -> scope.constant(value) == null)
            .sorted()
            .toList();
    this.given = node.inputs();
    Set<String> all = new LinkedHashSet<>();
    given.stream().filter(value -> !value.isEmpty()).forEach(all::add);
    all.addAll(captures);
    this.reads = List.copyOf(all);
  }

  /** The action of an operator that runs bodies; null for any other operator. */
  static @Nullable BodyAction of(
      Node node, GraphScope scope, RunOptions options, TorchMemory memory) {
    return switch (node.qualifiedOp()) {
      case "If" -> new If(node, scope, options, memory);
      case "Loop" -> new Loop(node, scope, options, memory);
      case "Scan" -> new Scan(node, scope, options, memory);
      default -> null;
    };
  }

  /** The names of the values to pass to {@link #run}. */
  List<String> reads() {
    return reads;
  }

  Program body(String attribute, GraphScope scope, RunOptions options) {
    Graph body =
        node.attributes()
            .body(attribute)
            .orElseThrow(
                () -> new ModelException(node.describe() + ": " + attribute + " is missing"));
    Program program =
        new ProgramBuilder(scope.inside(node, body), captures, options, memory).build();
    bodies.add(program);
    return program;
  }

  /** All bodies' weights are held; one body runs at a time. */
  @Override
  public MemoryUse use() {
    long weights = bodies.stream().mapToLong(body -> body.use().weights()).sum();
    long most = bodies.stream().mapToLong(body -> body.use().activations()).max().orElse(0);
    return new MemoryUse(weights, most, 0);
  }

  @Override
  public void close() {
    bodies.forEach(Program::close);
  }

  /** The node's input {@code index} among what was given; null if it is left out. */
  @Nullable IValue input(IValue[] inputs, int index) {
    return node.hasInput(index) ? inputs[reads.indexOf(given.get(index))] : null;
  }

  /** {@code own} followed by the captured values. */
  IValue[] fed(IValue[] inputs, List<IValue> own) {
    List<IValue> all = new ArrayList<>(own);
    captures.forEach(value -> all.add(inputs[reads.indexOf(value)]));
    return all.toArray(IValue[]::new);
  }

  boolean isTrue(IValue condition) {
    return memory.fetch(condition).longAt(0) != 0;
  }

  static void closeAll(List<IValue> values) {
    values.forEach(IValue::close);
  }

  /** The rows of all trips, stacked; an empty tensor if there were no trips. */
  IValue joined(List<IValue> trips, long axis, @Nullable TensorType each) {
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
   * Runs a body once. Its results replace the states and extend the rows, in front where {@code
   * back} is not 0.
   *
   * @param first the number of results before the states
   * @return all results; the states and rows own their part of them
   */
  IValue[] advance(
      Program body,
      IValue[] inputs,
      List<IValue> own,
      int first,
      List<IValue> state,
      List<List<IValue>> rows,
      long[] back) {
    IValue[] out = body.run(fed(inputs, own), null);
    closeAll(state);
    int states = state.size();
    state.clear();
    state.addAll(Arrays.asList(out).subList(first, first + states));
    for (int i = 0; i < rows.size(); i++) {
      rows.get(i).add(back[i] == 0 ? rows.get(i).size() : 0, out[first + states + i]);
    }
    return out;
  }

  /** The results of a loop: new handles on its states, then its rows, stacked. */
  IValue[] results(
      List<IValue> state, List<List<IValue>> rows, long[] axes, List<@Nullable TensorType> added) {
    List<IValue> results = new ArrayList<>();
    state.forEach(value -> results.add(memory.share(value)));
    for (int i = 0; i < rows.size(); i++) {
      results.add(joined(rows.get(i), axes[i], added.get(i)));
    }
    return results.toArray(IValue[]::new);
  }

  private static List<List<IValue>> emptyRows(int count) {
    return Stream.generate(() -> (List<IValue>) new ArrayList<IValue>()).limit(count).toList();
  }

  private static final class If extends BodyAction {
    private final Program then;
    private final Program otherwise;

    private If(Node node, GraphScope scope, RunOptions options, TorchMemory memory) {
      super(node, scope, memory);
      this.then = body("then_branch", scope, options);
      this.otherwise = body("else_branch", scope, options);
    }

    @Override
    public IValue[] run(IValue[] inputs) {
      IValue condition = input(inputs, 0);
      if (condition == null) {
        throw new ModelException(node.describe() + ": the condition is missing");
      }
      return (isTrue(condition) ? then : otherwise).run(fed(inputs, List.of()), null);
    }
  }

  private static final class Loop extends BodyAction {
    private final Program body;
    private final List<@Nullable TensorType> added;
    private final int carried;

    private Loop(Node node, GraphScope scope, RunOptions options, TorchMemory memory) {
      super(node, scope, memory);
      this.body = body("body", scope, options);
      this.carried = Math.max(0, node.inputs().size() - 2);
      this.added = addedTypes(node, carried + 1);
    }

    @Override
    public IValue[] run(IValue[] inputs) {
      IValue limit = input(inputs, 0);
      long trips = limit == null ? Long.MAX_VALUE : memory.fetch(limit).longAt(0);
      IValue start = input(inputs, 1);
      if (limit == null && start == null) {
        throw new ModelException(
            node.describe() + ": it has neither a trip count nor a condition and would never end");
      }
      boolean goOn = start == null || isTrue(start);
      List<IValue> state = new ArrayList<>();
      for (int i = 0; i < carried; i++) {
        IValue value = input(inputs, i + 2);
        if (value == null) {
          throw new ModelException(node.describe() + ": a carried value is missing");
        }
        state.add(memory.share(value));
      }
      List<List<IValue>> rows = emptyRows(added.size());
      try {
        for (long trip = 0; trip < trips && goOn; trip++) {
          boolean wanted = advance(inputs, trip, state, rows);
          goOn =
              wanted
                  || start
                      == null; // a loop with a trip count alone ignores the condition of its body
        }
        return results(state, rows, new long[rows.size()], added);
      } finally {
        closeAll(state);
        rows.forEach(BodyAction::closeAll);
      }
    }

    private boolean advance(
        IValue[] inputs, long trip, List<IValue> state, List<List<IValue>> rows) {
      IValue[] out;
      try (IValue number = memory.place(Tensor.ofLong(trip));
          IValue condition = memory.place(truth())) {
        List<IValue> own = new ArrayList<>(List.of(number, condition));
        own.addAll(state);
        out = advance(body, inputs, own, 1, state, rows, new long[rows.size()]);
      }
      try (IValue condition = out[0]) {
        return isTrue(condition);
      }
    }

    private static Tensor truth() {
      return FilledTensor.of(TensorType.of(DataType.BOOL), 1);
    }
  }

  /** Types of the body's outputs from {@code first} on, one row of a trip each. */
  private static List<@Nullable TensorType> addedTypes(Node node, int first) {
    Graph body = node.attributes().body("body").orElseThrow();
    List<@Nullable TensorType> types = new ArrayList<>();
    for (int i = first; i < body.outputs().size(); i++) {
      types.add(body.types().get(body.outputs().get(i)));
    }
    return types;
  }

  /** Before opset 9 the first input was the lengths, and the first axis of the others a batch. */
  private static final class Scan extends BodyAction {
    private final Program body;
    private final boolean isBatched;
    private final int states;
    private final int scanned;
    private final List<@Nullable TensorType> added;

    private Scan(Node node, GraphScope scope, RunOptions options, TorchMemory memory) {
      super(node, scope, memory);
      this.body = body("body", scope, options);
      this.isBatched = node.opset() < 9;
      this.scanned = (int) node.attributes().integer("num_scan_inputs");
      this.states = node.inputs().size() - scanned - (isBatched ? 1 : 0);
      this.added = addedTypes(node, states);
      if (isBatched && node.hasInput(0)) {
        throw new UnsupportedOperatorException(
            "djl", "Scan", node.describe() + ": sequences of different lengths");
      }
    }

    private long[] list(String name, int size) {
      return node.attributes().integers(name, new long[size]);
    }

    @Override
    public IValue[] run(IValue[] inputs) {
      List<IValue> given = new ArrayList<>();
      for (int i = 0; i < states + scanned; i++) {
        given.add(required(inputs, i + (isBatched ? 1 : 0)));
      }
      return isBatched ? scanEach(inputs, given) : scan(inputs, given);
    }

    private IValue[] scanEach(IValue[] inputs, List<IValue> given) {
      long batch = memory.describe(given.get(0)).shape().dim(0);
      List<List<IValue>> rows = new ArrayList<>();
      try {
        for (long b = 0; b < batch; b++) {
          List<IValue> parts = new ArrayList<>();
          for (IValue value : given) {
            parts.add(memory.select(value, 0, b));
          }
          rows.add(List.of(scan(inputs, parts)));
          closeAll(parts);
        }
        IValue[] results = new IValue[states + added.size()];
        for (int i = 0; i < results.length; i++) {
          int output = i;
          results[i] = joined(rows.stream().map(row -> row.get(output)).toList(), 0, null);
        }
        return results;
      } finally {
        rows.forEach(BodyAction::closeAll);
      }
    }

    private IValue[] scan(IValue[] inputs, List<IValue> given) {
      long[] inAxes = list("scan_input_axes", scanned);
      long[] inBack = list(isBatched ? "directions" : "scan_input_directions", scanned);
      long[] outAxes = list("scan_output_axes", added.size());
      long[] outBack = list("scan_output_directions", added.size());
      List<IValue> state = new ArrayList<>();
      for (int i = 0; i < states; i++) {
        state.add(memory.share(given.get(i)));
      }
      List<List<IValue>> rows = emptyRows(added.size());
      try {
        Shape first = memory.describe(given.get(states)).shape();
        long trips = first.dim(first.axis(inAxes[0]));
        for (long trip = 0; trip < trips; trip++) {
          List<IValue> parts = new ArrayList<>();
          for (int i = 0; i < scanned; i++) {
            long index = inBack[i] == 0 ? trip : trips - 1 - trip;
            parts.add(memory.select(given.get(states + i), inAxes[i], index));
          }
          List<IValue> own = new ArrayList<>(state);
          own.addAll(parts);
          advance(body, inputs, own, 0, state, rows, outBack);
          closeAll(parts);
        }
        return results(state, rows, outAxes, added);
      } finally {
        closeAll(state);
        rows.forEach(BodyAction::closeAll);
      }
    }

    private IValue required(IValue[] inputs, int index) {
      IValue value = input(inputs, index);
      if (value == null) {
        throw new ModelException(node.describe() + ": input " + index + " is missing");
      }
      return value;
    }
  }
}
