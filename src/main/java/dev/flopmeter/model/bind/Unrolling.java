package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.decompose.Decompositions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces If, Loop and Scan by the nodes of their bodies, once for each run, for a backend that
 * has no control flow. Constants are folded on the way. A loop whose body computes its condition is
 * unrolled trip by trip: one trip, then a loop for the rest.
 */
public final class Unrolling {
  /** On the rest of a loop: the number of trips before it. */
  private static final String TRIPS_MADE = "flopmeter.trips";

  /** Maximum number of nodes that bodies add to a graph. */
  private static final int MOST_NODES = 1 << 16;

  private final GraphBuilder builder;
  private int added;

  private Unrolling(GraphBuilder builder) {
    this.builder = builder;
  }

  /** The names of a body's nodes, and the values that they read. */
  private record Place(Map<String, String> names, String prefix, Map<String, String> metadata) {
    String of(String value) {
      return names.getOrDefault(value, value);
    }

    List<String> of(List<String> values) {
      return values.stream().map(this::of).toList();
    }

    /** The operator with its bodies unchanged, except for what they read of enclosing graphs. */
    Node inside(Node node) {
      Attributes attributes = node.attributes();
      for (Map.Entry<String, Object> each : node.attributes().asMap().entrySet()) {
        if (each.getValue() instanceof Graph body) {
          attributes = attributes.with(each.getKey(), inside(body));
        }
      }
      return node.withAttributes(attributes);
    }

    private Graph inside(Graph body) {
      return body.with(
          of(body.outputs()),
          body.nodes().stream().map(node -> inside(node).withInputs(of(node.inputs()))).toList(),
          body.constants(),
          body.types());
    }
  }

  /**
   * The unrolled graph: operators with bodies stay if data determines how often they run.
   *
   * @throws ModelException if the bodies would add more than 65,536 nodes; it names the operator
   */
  public static Graph of(Graph graph) {
    graph.inputs().forEach(graph::requireType);
    GraphBuilder builder = GraphBuilder.of(graph);
    Unrolling unrolling = new Unrolling(builder);
    Place outermost = new Place(Map.of(), "", Map.of());
    graph.nodes().forEach(node -> unrolling.add(node, outermost));
    return builder.build(graph.outputs());
  }

  private void add(Node written, Place place) {
    Map<String, String> metadata =
        place.metadata().isEmpty() ? written.metadata() : place.metadata();
    Node node = written.renamed(place.prefix() + written.name(), place::of, metadata);
    boolean isUnrolled =
        switch (node.qualifiedOp()) {
          case "If" -> branch(node, place);
          case "Loop" -> loop(node, place);
          case "Scan" -> scan(node, place);
          default -> false;
        };
    if (!isUnrolled && node.attributes().bodies().isEmpty()) {
      builder.add(node);
    } else if (!isUnrolled) {
      keep(node, place);
    }
  }

  private void keep(Node node, Place place) {
    builder.addTyped(place.inside(node), Collections.nCopies(node.outputs().size(), null));
  }

  /** The constants of a body, placed once for all of its runs. */
  private Place opened(Node node, Graph body, Place around) {
    Map<String, String> names = new HashMap<>(around.names());
    body.constants()
        .forEach(
            (value, tensor) -> {
              String name = node.name() + "/" + value;
              names.put(value, name);
              known(name, tensor);
            });
    return new Place(names, node.name() + "/", Decompositions.ownedBy(node));
  }

  /** Adds a body's nodes once, and returns the names of its results. */
  private List<String> run(Node node, Graph body, Place opened, String trip, List<String> inputs) {
    added += body.nodes().size() + 1;
    if (added > MOST_NODES) {
      throw new ModelException(
          node.describe() + ": its bodies have too many nodes in all iterations to unroll");
    }
    Map<String, String> names = new HashMap<>(opened.names());
    for (int i = 0; i < inputs.size(); i++) {
      names.put(body.inputs().get(i), inputs.get(i));
    }
    String prefix = opened.prefix() + trip;
    for (Node inner : body.nodes()) {
      inner.outputs().stream()
          .filter(output -> !output.isEmpty())
          .forEach(output -> names.put(output, prefix + output));
    }
    Place place = new Place(names, prefix, opened.metadata());
    body.nodes().forEach(inner -> add(inner, place));
    return place.of(body.outputs());
  }

  /** Adds a node of our own for {@code owner}. */
  private void write(Node owner, String op, Attributes attributes, List<String> from, String to) {
    Map<String, String> metadata = Decompositions.ownedBy(owner);
    builder.add(op, to + "/" + op, attributes, from, List.of(to), metadata);
  }

  /** Names {@code values} as the first outputs of {@code node}. */
  private void give(Node node, List<String> values) {
    for (int i = 0; i < node.outputs().size() && i < values.size(); i++) {
      if (node.hasOutput(i)) {
        write(node, "Identity", Attributes.NONE, List.of(values.get(i)), node.outputs().get(i));
      }
    }
  }

  private boolean branch(Node node, Place place) {
    Tensor condition = builder.operands(node).value(0).orElse(null);
    if (condition == null) {
      return false;
    }
    String taken = condition.longAt(0) != 0 ? "then_branch" : "else_branch";
    Graph body = node.attributes().body(taken).orElseThrow();
    give(node, run(node, body, opened(node, body, place), "", List.of()));
    return true;
  }

  private boolean loop(Node node, Place place) {
    Operands in = builder.operands(node);
    if (in.has(0) && in.value(0).isEmpty()) {
      return false;
    }
    Graph body = node.attributes().body("body").orElseThrow();
    Place opened = opened(node, body, place);
    String always = opened.prefix() + "true";
    known(always, FilledTensor.of(new TensorType(DataType.BOOL, Shape.SCALAR), 1));
    long most = in.value(0).map(limit -> limit.longAt(0)).orElse(Long.MAX_VALUE);
    String goesOn = in.has(1) ? node.inputs().get(1) : always;
    List<String> states = node.inputs().subList(2, node.inputs().size());
    List<List<String>> rows = new ArrayList<>();
    long made = node.attributes().integer(TRIPS_MADE, 0);
    while (rows.size() < most && is(goesOn, true)) {
      long trip = made + rows.size();
      String number = opened.prefix() + trip;
      known(number, Tensor.ofLong(trip));
      List<String> given = new ArrayList<>(List.of(number, always));
      given.addAll(states);
      List<String> results = run(node, body, opened, trip + "/", given);
      goesOn = in.has(1) ? results.get(0) : always;
      rows.add(results.subList(1 + states.size(), results.size()));
      states = results.subList(1, 1 + states.size());
    }
    if (rows.size() >= most || is(goesOn, false)) {
      give(node, states);
      stack(node, body, rows, List.of());
      return true;
    }
    if (!rows.isEmpty()) {
      stack(node, body, rows, rest(node, place, rows.size(), goesOn, states));
    }
    return !rows.isEmpty();
  }

  private boolean is(String condition, boolean value) {
    Tensor known = builder.constantOf(condition);
    return known != null && (known.longAt(0) != 0) == value;
  }

  /** Adds the loop for the remaining trips, and returns the names of its rows. */
  private List<String> rest(
      Node node, Place place, long trips, String goesOn, List<String> states) {
    long made = node.attributes().integer(TRIPS_MADE, 0) + trips;
    String left = "";
    if (node.hasInput(0)) {
      left = node.name() + "/left/" + made;
      long limit = builder.operands(node).requireValue(0).longAt(0);
      known(left, Tensor.ofLong(limit - trips));
    }
    List<String> inputs = new ArrayList<>(List.of(left, goesOn));
    inputs.addAll(states);
    List<String> outputs = new ArrayList<>(node.outputs());
    for (int i = states.size(); i < outputs.size(); i++) {
      outputs.set(i, outputs.get(i).isEmpty() ? "" : outputs.get(i) + "/" + made);
    }
    Attributes attributes = node.attributes().with(TRIPS_MADE, made);
    keep(node.withInputs(inputs).withOutputs(outputs).withAttributes(attributes), place);
    return outputs.subList(states.size(), outputs.size());
  }

  private boolean scan(Node node, Place place) {
    Operands in = builder.operands(node);
    int scanned = (int) node.attributes().integer("num_scan_inputs");
    int count = node.inputs().size() - scanned;
    TensorType sequence = in.knownType(count).orElse(null);
    boolean isBatched = node.opset() < 9; // of sequences, which may have their own lengths
    if (sequence == null || (isBatched && in.has(0))) {
      return false;
    }
    if (isBatched) {
      return scanEach(node, place, sequence.shape().dim(0), scanned);
    }
    Graph body = node.attributes().body("body").orElseThrow();
    Place opened = opened(node, body, place);
    long[] axes = node.attributes().perAxis("scan_input_axes", scanned, 0);
    long[] back = node.attributes().perAxis("scan_input_directions", scanned, 0);
    long trips = sequence.shape().dim(sequence.shape().axis(axes[0]));
    List<String> states = node.inputs().subList(0, count);
    List<List<String>> rows = new ArrayList<>();
    for (long trip = 0; trip < trips; trip++) {
      List<String> given = new ArrayList<>(states);
      for (int i = 0; i < scanned; i++) {
        String part = opened.prefix() + trip + "/in/" + i;
        known(part + "/at", Tensor.ofLong(back[i] == 0 ? trip : trips - 1 - trip));
        List<String> from = List.of(node.inputs().get(count + i), part + "/at");
        write(node, "Gather", Attributes.NONE.with("axis", axes[i]), from, part);
        given.add(part);
      }
      List<String> results = run(node, body, opened, trip + "/", given);
      rows.add(results.subList(count, results.size()));
      states = results.subList(0, count);
    }
    give(node, states);
    stack(node, body, rows, List.of());
    return true;
  }

  /** Scans each sequence of a batch. */
  private boolean scanEach(Node node, Place place, long batch, int scanned) {
    long[] back = node.attributes().integers("directions", new long[scanned]);
    Attributes attributes = node.attributes().with("scan_input_directions", back);
    List<List<String>> each = new ArrayList<>();
    for (long b = 0; b < batch; b++) {
      String at = node.name() + "/" + b;
      known(at, Tensor.ofLong(b));
      List<String> inputs = new ArrayList<>();
      for (String value : node.inputs().subList(1, node.inputs().size())) {
        String part = at + "/of/" + inputs.size();
        write(node, "Gather", Attributes.NONE, List.of(value, at), part);
        inputs.add(part);
      }
      List<String> outputs = node.outputs().stream().map(value -> value + "/of/" + at).toList();
      Map<String, String> metadata = Decompositions.ownedBy(node);
      scan(new Node(at, "", node.op(), 9, inputs, outputs, attributes, metadata), place);
      each.add(outputs);
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      int output = i;
      List<String> parts = each.stream().map(outputs -> outputs.get(output)).toList();
      String all = node.outputs().get(i);
      write(node, "Concat", Attributes.NONE.with("axis", 0L), stacked(node, parts, 0, all), all);
    }
    return true;
  }

  /** Each value with a new axis of 1. */
  private List<String> stacked(Node node, List<String> values, long axis, String whole) {
    List<String> parts = new ArrayList<>();
    Attributes axes = Attributes.NONE.with("axes", new long[] {axis});
    for (String value : values) {
      String part = whole + "/" + node.attributes().integer(TRIPS_MADE, 0) + "/" + parts.size();
      write(node, "Unsqueeze", axes, List.of(value), part);
      parts.add(part);
    }
    return parts;
  }

  /**
   * Writes the outputs to which each trip adds a row.
   *
   * @param rows by trip
   * @param rest the rows of the trips behind these, if there are any
   */
  private void stack(Node node, Graph body, List<List<String>> rows, List<String> rest) {
    boolean isLoop = node.op().equals("Loop");
    int states =
        node.inputs().size() - (isLoop ? 2 : (int) node.attributes().integer("num_scan_inputs"));
    int stacks = body.outputs().size() - states - (isLoop ? 1 : 0);
    long[] axes = node.attributes().perAxis("scan_output_axes", stacks, 0);
    long[] back = node.attributes().perAxis("scan_output_directions", stacks, 0);
    for (int i = 0; i < stacks && states + i < node.outputs().size(); i++) {
      String whole = node.outputs().get(states + i);
      if (whole.isEmpty()) {
        continue;
      }
      int stack = i;
      List<String> added = rows.stream().map(row -> row.get(stack)).toList();
      List<String> parts = new ArrayList<>(stacked(node, added, axes[i], whole));
      if (back[i] != 0) {
        Collections.reverse(parts);
      }
      parts.addAll(rest.isEmpty() ? rest : rest.subList(i, i + 1));
      if (parts.isEmpty()) {
        known(whole, none(node, body.outputs().get(body.outputs().size() - stacks + i), body));
      } else {
        write(node, "Concat", Attributes.NONE.with("axis", axes[i]), parts, whole);
      }
    }
  }

  /** The outputs of a loop without trips: as many rows as trips. */
  private static Tensor none(Node node, String row, Graph body) {
    TensorType each = body.types().get(row);
    if (each == null) {
      throw new ModelException(
          node.describe() + ": it runs no iteration, and an output's type is not known");
    }
    return FilledTensor.of(each.withShape(Shape.of(0).concat(each.shape())), 0);
  }

  /** Adds a constant, or sets the value of an input. */
  private void known(String value, Tensor tensor) {
    if (builder.isDefined(value)) {
      builder.know(value, tensor);
    } else {
      builder.constant(value, tensor);
    }
  }
}
