package dev.flopmeter.run.fuse;

import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Operand;
import dev.flopmeter.run.fuse.Fused.Single;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Divides a graph into steps. A value that anything else reads is never fused away. */
public final class Fuser {
  private final GraphScope scope;
  private final GraphLinks links;
  private final Predicate<Fused> rules;
  private final CompositeFinder composites;
  private final Set<Node> taken = new HashSet<>();
  private final Map<Node, Fused> byLast = new HashMap<>();

  private Fuser(GraphScope scope, GraphLinks links, Predicate<Fused> rules) {
    this.scope = scope;
    this.links = links;
    this.rules = rules;
    this.composites = new CompositeFinder(scope, links);
  }

  /**
   * The steps of a graph in an order in which they can run; each node is part of one.
   *
   * @param rules whether the backend runs a candidate as one step. A chain is offered first with
   *     its main node alone, then with each part that follows; an attention is offered whole, with
   *     the turn of its keys and without; several nodes that compute what one operator does as a
   *     {@link Fused.Single}.
   */
  public static List<Fused> steps(GraphScope scope, GraphLinks links, Predicate<Fused> rules) {
    Fuser fuser = new Fuser(scope, links, rules);
    scope.graph().nodes().forEach(fuser::fuse);
    return scope.graph().nodes().stream()
        .filter(node -> fuser.byLast.containsKey(node) || !fuser.taken.contains(node))
        .map(node -> fuser.byLast.getOrDefault(node, new Single(node)))
        .toList();
  }

  private void fuse(Node node) {
    if (taken.contains(node)) {
      return;
    }
    Chain alone = Chain.of(node);
    Fused found =
        rules.test(alone) ? chain(alone) : AttentionFinder.find(scope, links, node, rules);
    if (found == null) {
      Single composite = composites.startingAt(node);
      found = composite != null && rules.test(composite) ? composite : null;
    }
    if (found != null && found.nodes().stream().noneMatch(taken::contains)) {
      taken.addAll(found.nodes());
      byLast.put(found.last(), found);
    }
  }

  /** The longest chain that the backend takes; a part that does not follow leaves it unchanged. */
  private Chain chain(Chain alone) {
    List<UnaryOperator<Chain>> parts =
        List.of(
            this::dequantised,
            this::normalised,
            this::multiplied,
            this::biased,
            this::added,
            this::activated,
            this::quantised);
    Chain chain = alone;
    for (UnaryOperator<Chain> part : parts) {
      Chain longer = part.apply(chain);
      boolean isFree = longer.nodes().stream().noneMatch(taken::contains);
      chain = isFree && rules.test(longer) ? longer : chain;
    }
    return chain;
  }

  private @Nullable Node next(Chain chain) {
    Node next = links.onlyReader(chain.last());
    return next == null || scope.type(next.outputs().get(0)) == null ? null : next;
  }

  /** The node behind a chain, if it reads the result as its first input. */
  private @Nullable Node follower(Chain chain) {
    Node next = next(chain);
    return next != null && next.inputs().get(0).equals(output(chain.last())) ? next : null;
  }

  /** With the nodes that dequantise the inputs, where nothing else needs what they write. */
  private Chain dequantised(Chain chain) {
    return chain.withSources(
        dequantisations(chain.main())
            .filter(writer -> !taken.contains(writer))
            .filter(
                writer -> chain.main().equals(links.onlyReader(writer)) || isReadQuantised(writer))
            .toList());
  }

  private Stream<Node> dequantisations(Node main) {
    return main.inputs().stream()
        .map(links::writer)
        .filter(Objects::nonNull)
        .filter(Fuser::isDequantisation);
  }

  private static boolean isDequantisation(Node node) {
    return node.qualifiedOp().equals("DequantizeLinear");
  }

  /** Whether each node that reads what {@code dequantisation} writes can read what that reads. */
  private boolean isReadQuantised(Node dequantisation) {
    String value = output(dequantisation);
    return !links.isReturned(value)
        && links.readers(value).stream()
            .map(Chain::of)
            .map(chain -> chain.withSources(dequantisations(chain.main()).toList()))
            .allMatch(rules);
  }

  private Chain quantised(Chain chain) {
    Node next = follower(chain);
    return next != null && next.qualifiedOp().equals("QuantizeLinear")
        ? chain.withQuantisation(next)
        : chain;
  }

  private Chain normalised(Chain chain) {
    Node next = follower(chain);
    return next != null && isFoldable(next) ? chain.withNormalisation(next) : chain;
  }

  /** Whether {@code node} is a normalisation by constants that writes nothing else that is used. */
  private boolean isFoldable(Node node) {
    Operands in = scope.operands(node);
    return node.qualifiedOp().equals("BatchNormalization")
        && !node.attributes().flag("training_mode", false)
        && node.attributes().flag("spatial", true)
        && node.outputs().stream().skip(1).allMatch(links::isUnused)
        && IntStream.rangeClosed(1, 4).allMatch(i -> in.value(i).isPresent());
  }

  private Chain multiplied(Chain chain) {
    Operand factor = operand(chain, CompositeFinder::isProduct);
    return factor != null && isPerChannel(chain, factor) ? chain.withFactor(factor) : chain;
  }

  private Chain biased(Chain chain) {
    Operand addend = operand(chain, Fuser::isSum);
    return addend != null && isPerChannel(chain, addend) ? chain.withBias(addend) : chain;
  }

  private Chain added(Chain chain) {
    Operand addend = operand(chain, Fuser::isSum);
    if (addend == null || !isOfOneType(scope, output(chain.last()), addend.value())) {
      return chain;
    }
    Node writer = links.writer(addend.value());
    boolean isQuantised =
        chain.isQuantised()
            && writer != null
            && isDequantisation(writer)
            && addend.node().equals(links.onlyReader(writer));
    Chain longer = chain.withResidual(addend);
    return isQuantised && writer != null ? longer.withSource(writer) : longer;
  }

  private Chain activated(Chain chain) {
    Single composite = composites.activationOf(output(chain.last()));
    if (composite != null) {
      return chain.withActivation(composite);
    }
    Node next = follower(chain);
    return next == null ? chain : chain.withActivation(new Single(next));
  }

  /** What meets the result in {@code kind} of node without changing its type; null if none. */
  private @Nullable Operand operand(Chain chain, Predicate<Node> kind) {
    Node next = next(chain);
    if (next == null || !kind.test(next)) {
      return null;
    }
    String own = output(chain.last());
    return isOfOneType(scope, own, output(next)) ? new Operand(next, other(next, own)) : null;
  }

  /** Whether it is a constant with one number for each channel of the main node's result. */
  private boolean isPerChannel(Chain chain, Operand operand) {
    Tensor constant = scope.constant(operand.value());
    TensorType type = scope.type(output(chain.main()));
    if (constant == null || type == null) {
      return false;
    }
    Shape result = type.shape();
    int axis = chain.main().op().equals("Conv") ? 1 : result.rank() - 1;
    Shape shape = constant.shape();
    int lead = result.rank() - shape.rank();
    for (int i = 0; i < shape.rank(); i++) {
      if (shape.dim(i) != (i + lead == axis ? result.dim(axis) : 1)) {
        return false;
      }
    }
    return lead >= 0 && axis >= lead;
  }

  /** Whether {@code node} is the sum of two tensors by today's rules of broadcasting. */
  static boolean isSum(Node node) {
    boolean sums = OperatorTrait.ADDITION.of(node);
    return sums && node.inputs().size() == 2 && !node.attributes().has("axis");
  }

  /** Whether two values are known to have the same type and shape. */
  static boolean isOfOneType(GraphScope scope, String one, String other) {
    TensorType type = scope.type(one);
    return type != null && type.equals(scope.type(other));
  }

  static String output(Node node) {
    return node.outputs().get(0);
  }

  /** The input of a node of two that is not {@code value}. */
  static String other(Node node, String value) {
    return node.inputs().get(node.inputs().get(0).equals(value) ? 1 : 0);
  }
}
