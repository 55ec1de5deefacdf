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

  /** All nodes, the main one first, the one that writes the result last. */
  List<Node> nodes();

  /**
   * The node that writes the result: the step runs in its place, where all that it reads exists.
   */
  default Node last() {
    return nodes().get(nodes().size() - 1);
  }

  /** The operators, joined by {@code +}. */
  default String op() {
    return nodes().stream().map(Node::qualifiedOp).collect(Collectors.joining("+"));
  }

  /** A node on its own. */
  record Single(Node main) implements Fused {
    @Override
    public List<Node> nodes() {
      return List.of(main);
    }
  }

  /**
   * A convolution or product and what is applied to its result, in this order.
   *
   * @param normalisation a BatchNormalization with constant statistics
   * @param bias a constant of one number per output channel, added
   * @param residual a tensor of the result's own type, added
   * @param activation one more node that reads the result alone as its first input
   */
  record Chain(
      Node main,
      @Nullable Node normalisation,
      @Nullable Addend bias,
      @Nullable Addend residual,
      @Nullable Node activation)
      implements Fused {
    static Chain of(Node main) {
      return new Chain(main, null, null, null, null);
    }

    Chain withNormalisation(Node node) {
      return new Chain(main, node, bias, residual, activation);
    }

    Chain withBias(Addend addend) {
      return new Chain(main, normalisation, addend, residual, activation);
    }

    Chain withResidual(Addend addend) {
      return new Chain(main, normalisation, bias, addend, activation);
    }

    Chain withActivation(Node node) {
      return new Chain(main, normalisation, bias, residual, node);
    }

    @Override
    public List<Node> nodes() {
      return Stream.of(
              main,
              normalisation,
              bias == null ? null : bias.node(),
              residual == null ? null : residual.node(),
              activation)
          .filter(Objects::nonNull)
          .toList();
    }
  }

  /**
   * What is added to a chain's result.
   *
   * @param node the addition
   * @param value its other operand
   */
  record Addend(Node node, String value) {}

  /**
   * {@code softmax(scale q k + mask) v} over tensors of batch x heads x tokens x width, all with
   * the same batch and heads.
   *
   * @param main the product of queries and keys
   * @param others the other nodes, the product with the values last
   * @param queries before they are scaled
   * @param mask added to the scaled scores; null where none is
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

    @Override
    public List<Node> nodes() {
      return Stream.concat(Stream.of(main), others.stream()).toList();
    }
  }
}
