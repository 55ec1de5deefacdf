package dev.flopmeter.run.fuse;

import dev.flopmeter.model.Node;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Nodes that run as one step. */
public sealed interface Fused {
  /** The node that does the work; the step has its name. */
  Node main();

  /** All nodes of the model, the one that writes the result last. */
  List<Node> nodes();

  /**
   * The node that writes the result. The step runs at its position, where all inputs are available.
   */
  default Node last() {
    return nodes().get(nodes().size() - 1);
  }

  /** The operators, joined by {@code +}. */
  default String op() {
    return nodes().stream().map(Node::qualifiedOp).collect(Collectors.joining("+"));
  }

  /**
   * A node on its own, or several that compute what one operator does.
   *
   * @param main that operator, from the first input to the last output of the nodes
   */
  record Single(Node main, List<Node> nodes) implements Fused {
    public Single {
      nodes = List.copyOf(nodes);
    }

    public Single(Node node) {
      this(node, List.of(node));
    }
  }

  /**
   * A convolution or product and what is applied to its result, in this order.
   *
   * @param sources the DequantizeLinear nodes that write the main node's inputs or the residual,
   *     for nodes that read quantised values alone
   * @param normalisation a BatchNormalization with constant statistics
   * @param factor a constant of one number per output channel, multiplied
   * @param bias a constant of one number per output channel, added
   * @param residual a tensor of the result's own type, added
   * @param activation one more operator that reads the result alone as its first input
   * @param quantisation a QuantizeLinear that reads that alone
   */
  record Chain(
      Node main,
      List<Node> sources,
      @Nullable Node normalisation,
      @Nullable Operand factor,
      @Nullable Operand bias,
      @Nullable Operand residual,
      @Nullable Single activation,
      @Nullable Node quantisation)
      implements Fused {
    /** A node with nothing applied to its result. */
    public static Chain of(Node main) {
      return new Chain(main, List.of(), null, null, null, null, null, null);
    }

    Chain withSources(List<Node> nodes) {
      return new Chain(
          main, nodes, normalisation, factor, bias, residual, activation, quantisation);
    }

    Chain withSource(Node node) {
      return withSources(Stream.concat(sources.stream(), Stream.of(node)).toList());
    }

    Chain withNormalisation(Node node) {
      return new Chain(main, sources, node, factor, bias, residual, activation, quantisation);
    }

    Chain withFactor(Operand operand) {
      return new Chain(
          main, sources, normalisation, operand, bias, residual, activation, quantisation);
    }

    Chain withBias(Operand addend) {
      return new Chain(
          main, sources, normalisation, factor, addend, residual, activation, quantisation);
    }

    Chain withResidual(Operand addend) {
      return new Chain(
          main, sources, normalisation, factor, bias, addend, activation, quantisation);
    }

    Chain withActivation(Single operator) {
      return new Chain(
          main, sources, normalisation, factor, bias, residual, operator, quantisation);
    }

    Chain withQuantisation(Node node) {
      return new Chain(main, sources, normalisation, factor, bias, residual, activation, node);
    }

    /** Whether the main node reads or writes quantised integers. */
    public boolean isQuantised() {
      return !sources.isEmpty() || quantisation != null;
    }

    @Override
    public List<Node> nodes() {
      return Stream.concat(ownNodes().limit(1), Stream.concat(sources.stream(), ownNodes().skip(1)))
          .toList();
    }

    @Override
    public Node last() {
      return ownNodes().reduce(main, (before, after) -> after);
    }

    private Stream<Node> ownNodes() {
      Stream<@Nullable Node> before =
          Stream.of(
              main,
              normalisation,
              factor == null ? null : factor.node(),
              bias == null ? null : bias.node(),
              residual == null ? null : residual.node());
      Stream<Node> after = activation == null ? Stream.of() : activation.nodes().stream();
      return Stream.of(before.filter(Objects::nonNull), after, Stream.ofNullable(quantisation))
          .flatMap(nodes -> nodes);
    }
  }

  /**
   * What is added to a chain's result, or multiplied by it.
   *
   * @param node the addition or product
   * @param value its other operand
   */
  record Operand(Node node, String value) {}

  /**
   * {@code softmax(scale q k + mask) v} over tensors of batch x heads x tokens x width, all with
   * the same batch and heads.
   *
   * @param main the product of queries and keys
   * @param others the other nodes, the product with the values last
   * @param queries before they are scaled
   * @param mask added to the scaled scores; null if none is
   * @param turnedKeys the Transpose among the nodes that writes the keys as the product reads them
   */
  record Attention(
      Node main,
      List<Node> others,
      String queries,
      double scale,
      @Nullable String mask,
      String values,
      @Nullable Node turnedKeys)
      implements Fused {
    public Attention {
      others = List.copyOf(others);
    }

    Attention withTurnedKeys(Node turn) {
      List<Node> all = Stream.concat(Stream.of(turn), others.stream()).toList();
      return new Attention(main, all, queries, scale, mask, values, turn);
    }

    @Override
    public List<Node> nodes() {
      return Stream.concat(Stream.of(main), others.stream()).toList();
    }
  }
}
