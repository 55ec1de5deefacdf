package dev.flopmeter.run.trace;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.Node;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which nodes of a model each node of an optimised graph stands for.
 *
 * <p>An optimised node computes the original nodes between the values that exist in both graphs.
 * ONNX Runtime keeps the names of most values; where it renames one, its own naming rules give the
 * original: {@code <value>_nchwc} as a node's name, {@code <node>/XxxFusion/}, {@code _token_N},
 * {@code InsertedPrecisionFreeCast_<value>}. Conversions of layout and type hold the value that
 * they read. A node without any known name stands between known values and takes the nodes there
 * that its operator can compute. Nodes that are not found are left out, never guessed.
 */
public final class NodeJoin {
  /** Operators, the model's or a runtime's own, that multiply and accumulate. */
  private static final Pattern PRODUCT =
      Pattern.compile("Conv|MatMul|Gemm|Attention|Einsum|LSTM|GRU|RNN|MoE");

  /** Operators that change the form of a value and not the value. */
  private static final Pattern CONVERSION =
      Pattern.compile(
          "Reorder(Input|Output)|Reformat|NoOp|Cast|Transpose|Reshape|Flatten|Squeeze|Unsqueeze|Identity");

  private static final Pattern SUFFIX =
      Pattern.compile("(/?[A-Za-z]+Fusion/?|_token_\\d+|_nchwc|_bn|_mul|_new_reshape)$");

  private static final Pattern PREFIX =
      Pattern.compile("^(fused |InsertedPrecisionFreeCast_|InsertedCast_)");

  /** Prefix of a value that only represents the order of nodes. */
  static final String UNNAMED = "?";

  private final Graph graph;
  private final GraphLinks links;
  private final List<Node> executed;
  private final Map<String, Integer> writers = new HashMap<>();
  private final Map<String, List<Integer>> readers = new HashMap<>();
  private final Map<String, String> originals = new HashMap<>();
  private final Map<String, Integer> owners = new HashMap<>();

  /** The nodes of the model that each executed node stands for, in the model's order. */
  private final List<Set<Node>> claims = new ArrayList<>();

  private final Set<String> operators = new HashSet<>();

  private NodeJoin(Graph graph, List<Node> executed) {
    this.graph = graph;
    this.links = new GraphLinks(graph);
    this.executed = executed;
    Map<String, Integer> places = new HashMap<>();
    for (Node node : graph.nodes()) {
      operators.add(node.op());
      places.put(node.name(), places.size());
    }
    Comparator<Node> inOrder = Comparator.comparing(Node::name, Comparator.comparing(places::get));
    for (int i = 0; i < executed.size(); i++) {
      claims.add(new TreeSet<>(inOrder));
      for (String value : executed.get(i).outputs()) {
        writers.put(value, i);
      }
      for (String value : GraphLinks.reads(executed.get(i))) {
        readers.computeIfAbsent(value, any -> new ArrayList<>()).add(i);
      }
    }
  }

  /**
   * The steps that executed nodes make up.
   *
   * @param steps in order of execution; one without nodes is not in the model
   * @param stepOf the step that each executed node is part of
   */
  public record Joined(List<Step> steps, List<Integer> stepOf) {
    public Joined {
      steps = List.copyOf(steps);
      stepOf = List.copyOf(stepOf);
    }

    /** Sums the executed nodes' times into the steps'. */
    public double[] sum(double[] seconds) {
      double[] sums = new double[steps.size()];
      for (int i = 0; i < seconds.length; i++) {
        sums[stepOf.get(i)] += seconds[i];
      }
      return sums;
    }
  }

  /**
   * One step for each executed node, in their order, except for those that compute one node of the
   * model together.
   *
   * @param graph the model with its shapes bound
   * @param written the model's nodes before shapes were bound, so that a runtime's work on shapes,
   *     which binding computes, is known as the model's; may be empty
   * @param executed the optimised nodes in order of execution
   */
  public static Joined steps(Graph graph, List<Node> written, List<Node> executed) {
    Map<String, Node> computedByBinding = new HashMap<>();
    for (Node node : written) {
      node.outputs().forEach(value -> computedByBinding.put(value, node));
    }
    NodeJoin join = new NodeJoin(graph, executed);
    join.join();
    return join.joined(computedByBinding);
  }

  /** One step for each executed node, with the nodes that are known to be its own. */
  static Joined stepsOf(Graph graph, List<Node> executed, List<List<Node>> known) {
    NodeJoin join = new NodeJoin(graph, executed);
    for (int i = 0; i < known.size(); i++) {
      for (Node node : known.get(i)) {
        join.give(node, i);
      }
    }
    join.absorb();
    return join.joined(Map.of());
  }

  private Joined joined(Map<String, Node> computedByBinding) {
    List<Step> steps = new ArrayList<>();
    List<Integer> leads = new ArrayList<>();
    int[] stepOf = new int[executed.size()];
    for (int i = 0; i < executed.size(); i++) {
      Node node = executed.get(i);
      List<Node> own = new ArrayList<>(claims.get(i));
      if (own.isEmpty()) {
        node.outputs().stream()
            .map(computedByBinding::get)
            .filter(one -> one != null && one.op().equals(node.op()))
            .forEach(own::add);
      }
      Integer whole = own.isEmpty() ? whole(i) : null;
      leads.add(whole);
      if (whole == null) {
        Integer producer = isConversion(node) && own.isEmpty() ? producer(i) : null;
        String name =
            producer == null || leads.get(producer) != null
                ? node.name()
                : node.op() + " of " + steps.get(stepOf[producer]).name();
        stepOf[i] = steps.size();
        steps.add(step(name, node.qualifiedOp(), own));
      }
    }
    for (int i = 0; i < executed.size(); i++) {
      Integer whole = leads.get(i);
      stepOf[i] = whole == null ? stepOf[i] : stepOf[whole];
    }
    return new Joined(steps, Arrays.stream(stepOf).boxed().toList());
  }

  /** Whether a step stands for nodes of the model, or only changes the form of their values. */
  public static boolean isAssigned(String op, List<String> nodes) {
    return !nodes.isEmpty() || CONVERSION.matcher(op.substring(op.indexOf(':') + 1)).matches();
  }

  /** A step named after its main node: the one that multiplies, otherwise the first. */
  static Step step(String name, String kernel, List<Node> nodes) {
    KernelInfo info = new KernelInfo(kernel, null, null, null);
    if (nodes.isEmpty()) {
      return new Step(name, kernel, List.of(), info);
    }
    Node main = nodes.stream().filter(NodeJoin::isProduct).findFirst().orElse(nodes.get(0));
    Set<String> ops = new LinkedHashSet<>(List.of(main.qualifiedOp()));
    nodes.forEach(node -> ops.add(node.qualifiedOp()));
    return new Step(
        main.name(), String.join("+", ops), nodes.stream().map(Node::name).toList(), info);
  }

  static boolean isProduct(Node node) {
    return PRODUCT.matcher(node.op()).find();
  }

  private static boolean isConversion(Node node) {
    return CONVERSION.matcher(node.op()).matches();
  }

  private void join() {
    executed.forEach(node -> node.outputs().forEach(this::original));
    Set<String> known = new HashSet<>(originals.values());
    List<Integer> unknown = new ArrayList<>();
    for (int i = 0; i < executed.size(); i++) {
      List<String> results =
          executed.get(i).outputs().stream().map(originals::get).filter(Objects::nonNull).toList();
      if (results.isEmpty()) {
        unknown.add(i);
      }
      giveBackwards( // the nodes between its results and other known values
          results, node -> !owners.containsKey(node.name()), value -> !known.contains(value), i);
    }
    unknown.forEach(this::takeFromReader);
    for (int i = 0; i < executed.size(); i++) {
      if (isConversion(executed.get(i))) {
        giveToProducer(i);
      }
    }
    absorb();
  }

  private void give(Node node, int to) {
    Integer before = owners.put(node.name(), to);
    if (before != null) {
      claims.get(before).remove(node);
    }
    claims.get(to).add(node);
  }

  /** The model's value that an optimised graph's value holds; null if no rule applies. */
  private @Nullable String original(String value) {
    if (originals.containsKey(value)) {
      return originals.get(value);
    }
    originals.put(value, null); // a graph with a cycle ends here
    String found = value.isEmpty() ? null : find(value);
    originals.put(value, found);
    return found;
  }

  private @Nullable String find(String value) {
    if (links.writer(value) != null || graph.inputs().contains(value)) {
      return value;
    }
    Integer at = writers.get(value);
    if (at == null) {
      return null;
    }
    Node writer = executed.get(at);
    int index = writer.outputs().indexOf(value);
    for (String name : stems(writer.name())) {
      if (index == 0 && writer.name().endsWith("_nchwc") && links.writer(name) != null) {
        return afterAbsorbed(name, writer);
      }
      Node same = links.node(name);
      if (same != null && index < same.outputs().size() && computes(writer, same)) {
        return same.outputs().get(index);
      }
    }
    for (String name : stems(value)) {
      if (links.writer(name) != null) {
        return name;
      }
    }
    return isConversion(writer) && !writer.inputs().isEmpty()
        ? original(writer.inputs().get(0))
        : null;
  }

  /** The name, then what is left of it as known prefixes and suffixes go. */
  static List<String> stems(String name) {
    List<String> stems = new ArrayList<>();
    String rest = name;
    while (!rest.isEmpty() && (stems.isEmpty() || !rest.equals(stems.get(stems.size() - 1)))) {
      stems.add(rest);
      Matcher suffix = SUFFIX.matcher(PREFIX.matcher(rest).replaceFirst(""));
      rest = suffix.replaceFirst("");
    }
    return stems;
  }

  private static boolean computes(Node executed, Node original) {
    return executed.op().equals(original.op()) || (isProduct(executed) && isProduct(original));
  }

  /** A blocked convolution takes the sum (its fourth input) and the activation that follow. */
  private String afterAbsorbed(String value, Node convolution) {
    String result = value;
    if (convolution.hasInput(3) && isProduct(convolution)) {
      Node sum = links.onlyReader(result);
      result = sum == null ? result : sum.outputs().get(0);
    }
    String activation = convolution.attributes().text("activation", "");
    Node writer = links.writer(result);
    Node next = links.onlyReader(result);
    boolean isInside = writer != null && writer.op().equals(activation);
    return !isInside && next != null && next.op().equals(activation)
        ? next.outputs().get(0)
        : result;
  }

  /**
   * Gives an executed node what writes these values, and on from there.
   *
   * @param mayGo whether a node is given, and the values that it reads are looked at
   * @param isOpen whether a value that such a node reads is followed
   */
  private void giveBackwards(
      List<String> values, Predicate<Node> mayGo, Predicate<String> isOpen, int to) {
    Deque<String> open = new ArrayDeque<>(values);
    while (!open.isEmpty()) {
      Node writer = links.writer(open.pop());
      if (writer != null && mayGo.test(writer)) {
        give(writer, to);
        GraphLinks.reads(writer).stream().filter(isOpen).forEach(open::add);
      }
    }
  }

  /** A node whose results have no name in the model takes its part of what its reader claimed. */
  private void takeFromReader(int index) {
    Integer reader = readerOf(index);
    if (reader == null) {
      return;
    }
    Node node = executed.get(index);
    Node next = executed.get(reader);
    List<Node> pool = List.copyOf(claims.get(reader));
    List<Node> same = pool.stream().filter(one -> one.op().equals(node.op())).toList();
    if (isProduct(node) && !isProduct(next)) {
      List<String> products =
          pool.stream().filter(NodeJoin::isProduct).flatMap(one -> one.outputs().stream()).toList();
      giveBackwards(products, one -> reader.equals(owners.get(one.name())), any -> true, index);
    } else if (pool.size() > 1 && !operators.contains(node.op()) && !isConversion(node)) {
      List<String> own = stems(next.name()); // a fused operator stands for all but the reader's own
      pool.stream().filter(one -> !own.contains(one.name())).forEach(one -> give(one, index));
    } else if (same.size() > 1 || (same.size() == 1 && !next.op().equals(node.op()))) {
      give(same.get(0), index);
    }
  }

  /** The nearest executed node behind this one that stands for nodes of the model. */
  private @Nullable Integer readerOf(int index) {
    Deque<Integer> open = new ArrayDeque<>(List.of(index));
    Set<Integer> seen = new HashSet<>(open);
    while (!open.isEmpty()) {
      int current = open.pop();
      if (current != index && !claims.get(current).isEmpty()) {
        return current;
      }
      for (String value : executed.get(current).outputs()) {
        readers.getOrDefault(value, List.of()).stream().filter(seen::add).forEach(open::add);
      }
    }
    return null;
  }

  /**
   * The executed node whose nodes of the model this one computes a part of: between known values,
   * both stand for the same nodes. Null for a conversion, and if only a trace's order is known.
   */
  private @Nullable Integer whole(int index) {
    Node node = executed.get(index);
    boolean isKnown = node.outputs().stream().anyMatch(value -> originals.get(value) != null);
    boolean isListed = node.outputs().stream().anyMatch(value -> value.startsWith(UNNAMED));
    return isKnown || isListed || isConversion(node) ? null : readerOf(index);
  }

  /** A conversion computes nothing: all but nodes of its own kind belong to what it converts. */
  private void giveToProducer(int index) {
    Integer producer = producer(index);
    if (producer != null) {
      for (Node node : List.copyOf(claims.get(index))) {
        if (!isConversion(node)) {
          give(node, producer);
        }
      }
    }
  }

  /** The executed node before {@code index} that computes what conversions pass on. */
  private @Nullable Integer producer(int index) {
    Integer producer = index;
    while (producer != null && isConversion(executed.get(producer))) {
      List<String> inputs = executed.get(producer).inputs();
      producer = inputs.isEmpty() ? null : writers.get(inputs.get(0));
    }
    return producer != null && producer < index ? producer : null;
  }

  /** Nodes that no executed node computes were absorbed by their producer, else by a reader. */
  private void absorb() {
    List<Node> backwards = new ArrayList<>(graph.nodes());
    Collections.reverse(backwards);
    for (Node node : graph.nodes()) {
      absorb(node, GraphLinks.reads(node).stream().map(links::writer));
    }
    for (Node node : backwards) {
      absorb(node, node.outputs().stream().flatMap(value -> links.readers(value).stream()));
    }
  }

  private void absorb(Node node, Stream<@Nullable Node> neighbours) {
    if (!owners.containsKey(node.name()) && !isProduct(node)) {
      neighbours
          .filter(Objects::nonNull)
          .map(one -> owners.get(one.name()))
          .filter(Objects::nonNull)
          .max(Integer::compare)
          .ifPresent(owner -> give(node, owner));
    }
  }
}
