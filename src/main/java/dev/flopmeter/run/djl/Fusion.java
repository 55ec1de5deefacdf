package dev.flopmeter.run.djl;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.kernel.Activation;
import dev.flopmeter.run.djl.kernel.FusedKernels;
import dev.flopmeter.run.djl.kernel.FusedKernels.Addend;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Joins nodes into steps: a convolution with the batch normalisation, residual and activation that
 * follow it, wherever nothing else reads what is between them; products as {@link ProductFusion}
 * says.
 *
 * <p>A joined step runs where its last node stands, so that everything it reads is there.
 */
final class Fusion {
  private final GraphScope scope;
  private final GraphLinks links;
  private final Set<Node> taken = new HashSet<>();
  private final Map<Node, Chain> byLast = new HashMap<>();

  /**
   * A convolution and what is joined to it.
   *
   * @param inputs as the kernel numbers them
   * @param epsilon of the normalisation; NaN where there is none
   */
  private record Chain(
      List<Node> nodes, List<String> inputs, double epsilon, boolean adds, Activation activation) {
    Node conv() {
      return nodes.get(0);
    }
  }

  private Fusion(GraphScope scope) {
    this.scope = scope;
    this.links = new GraphLinks(scope.graph());
  }

  static List<Task> tasks(GraphScope scope, RunOptions options) {
    Fusion fusion = new Fusion(scope);
    if (options.layout() != Layout.NCHW) {
      scope.graph().nodes().forEach(fusion::join);
    }
    ProductFusion products = new ProductFusion(scope);
    List<Task> tasks = new ArrayList<>();
    Set<Node> done = new HashSet<>();
    for (Node node : scope.graph().nodes()) {
      Chain joined = fusion.byLast.get(node);
      if (joined != null) {
        tasks.add(fusion.task(joined, done));
        done.addAll(joined.nodes());
      } else if (products.serves(node)) {
        Task product = products.task(node);
        if (product != null) {
          tasks.add(product);
        }
      } else if (!fusion.taken.contains(node)) {
        tasks.add(Task.of(node));
      }
    }
    return tasks;
  }

  private void join(Node node) {
    if (node.qualifiedOp().equals("Conv") && FusedKernels.takesConv(scope.operands(node))) {
      joinConv(node);
    }
  }

  private void joinConv(Node conv) {
    List<Node> chain = new ArrayList<>(List.of(conv));
    List<String> inputs = new ArrayList<>(conv.inputs());
    while (inputs.size() < FusedKernels.OTHER + 1) {
      inputs.add("");
    }
    double epsilon = Double.NaN;
    Node next = onlyReader(conv);
    if (next != null && isFoldable(next)) {
      for (int i = 0; i < 4; i++) {
        inputs.set(FusedKernels.NORM + i, next.inputs().get(i + 1));
      }
      epsilon = next.attributes().number("epsilon", 1e-5f);
      chain.add(next);
      next = onlyReader(next);
    }
    boolean adds = next != null && isResidual(next, last(chain));
    if (next != null && adds) {
      String own = last(chain).outputs().get(0);
      inputs.set(FusedKernels.OTHER, next.inputs().get(next.inputs().get(0).equals(own) ? 1 : 0));
      chain.add(next);
      next = onlyReader(next);
    }
    Optional<Activation> activation = activation(next, adds);
    if (next != null && activation.isPresent()) {
      chain.add(next);
    }
    taken.addAll(chain);
    byLast.put(
        last(chain), new Chain(chain, inputs, epsilon, adds, activation.orElse(Activation.NONE)));
  }

  /**
   * The activation that can be joined. After a residual sum PyTorch takes a rectifier alone; others
   * raise when they run.
   */
  private Optional<Activation> activation(@Nullable Node node, boolean followsSum) {
    return node == null || isCrossed(node)
        ? Optional.empty()
        : Activation.of(scope.operands(node))
            .filter(kind -> !followsSum || kind.form() == Activation.Form.RELU);
  }

  /** Whether a Clip's lower bound is above its upper one, for which oneDNN has no form. */
  private boolean isCrossed(Node node) {
    Operands in = scope.operands(node);
    return node.op().equals("Clip")
        && !(bound(in, "min", 1, -Double.MAX_VALUE) <= bound(in, "max", 2, Double.MAX_VALUE));
  }

  private static double bound(Operands in, String name, int input, double absent) {
    return in.value(input)
        .map(value -> value.doubleAt(0))
        .orElse(in.attributes().has(name) ? in.attributes().number(name) : absent);
  }

  /**
   * @param done the nodes of all joined steps that run before
   */
  private Task task(Chain chain, Set<Node> done) {
    Addend addend = Addend.NONE;
    if (chain.adds()) {
      addend = isSpent(chain, done) ? Addend.SPENT : Addend.KEPT;
    }
    return new Task(
        chain.conv(),
        chain.nodes(),
        chain.inputs(),
        last(chain.nodes()).outputs(),
        FusedKernels.conv(
            scope.operands(chain.conv()), chain.epsilon(), addend, chain.activation()));
  }

  /**
   * Whether memory of the added tensor is free once {@code chain} has run. A value may share its
   * memory with others (reshaped, sliced): so only what a joined step or a pooling wrote, which is
   * memory of its own, and what none but joined steps have read, which keep no view of it.
   */
  private boolean isSpent(Chain chain, Set<Node> done) {
    String value = chain.inputs().get(FusedKernels.OTHER);
    Node writer = links.writer(value);
    boolean isOwn =
        writer != null
            && (byLast.containsKey(writer)
                || (writer.qualifiedOp().equals("MaxPool") && writer.outputs().size() == 1));
    if (!isOwn || links.isReturned(value)) {
      return false;
    }
    List<Node> others = new ArrayList<>(links.readers(value));
    others.removeIf(reader -> chain.nodes().contains(reader) && !reader.equals(chain.conv()));
    return done.containsAll(others);
  }

  private static Node last(List<Node> chain) {
    return chain.get(chain.size() - 1);
  }

  /** The one node that reads what {@code node} writes, unless it is joined already. */
  private @Nullable Node onlyReader(Node node) {
    Node reader = links.onlyReader(node);
    return reader == null || taken.contains(reader) ? null : reader;
  }

  /** Whether {@code node} is a normalisation with constant statistics. */
  private boolean isFoldable(Node node) {
    Attributes attributes = node.attributes();
    Operands in = scope.operands(node);
    return node.qualifiedOp().equals("BatchNormalization")
        && !attributes.flag("training_mode", false)
        && attributes.flag("spatial", true)
        && node.outputs().size() == 1
        && in.value(1).isPresent()
        && in.value(2).isPresent()
        && in.value(3).isPresent()
        && in.value(4).isPresent();
  }

  /**
   * Whether {@code node} adds a float tensor of just the same shape to what {@code from} writes.
   */
  private boolean isResidual(Node node, Node from) {
    boolean sums = node.qualifiedOp().equals("Add") || node.qualifiedOp().equals("Sum");
    if (!sums || node.inputs().size() != 2 || node.attributes().has("axis")) {
      return false;
    }
    TensorType own = scope.type(from.outputs().get(0));
    TensorType first = scope.type(node.inputs().get(0));
    TensorType second = scope.type(node.inputs().get(1));
    return own != null && own.type() == DataType.FLOAT && own.equals(first) && own.equals(second);
  }
}
