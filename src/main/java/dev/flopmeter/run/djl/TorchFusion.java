package dev.flopmeter.run.djl;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.kernel.Kernel;
import dev.flopmeter.run.djl.kernel.Kernels;
import dev.flopmeter.run.fuse.Fused;
import dev.flopmeter.run.fuse.Fused.Attention;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Operand;
import dev.flopmeter.run.fuse.Fuser;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides what PyTorch runs as one step, and chooses the kernels of the steps.
 *
 * @param done the nodes of all chains that begin with a convolution and run before
 * @param own the results of these chains: no view shares their memory
 */
record TorchFusion(
    GraphScope scope,
    GraphLinks links,
    boolean fusesConvolutions,
    Set<Node> done,
    Set<String> own) {
  /** As {@code onednn_activation} gives those without numbers. */
  private static final List<Object> NO_ACTIVATION = List.of("none", "");

  static List<Task> tasks(GraphScope scope, RunOptions options) {
    GraphLinks links = new GraphLinks(scope.graph());
    boolean fusesConvolutions = options.layout() != Layout.NCHW;
    TorchFusion fusion =
        new TorchFusion(scope, links, fusesConvolutions, new HashSet<>(), new HashSet<>());
    return Fuser.steps(scope, links, fusion::takes).stream().map(fusion::task).toList();
  }

  private boolean takes(Fused candidate) {
    if (candidate instanceof Attention attention) {
      return takesAttention(attention);
    }
    if (!(candidate instanceof Chain chain)) {
      return true;
    }
    if (chain.isQuantised()) {
      return false;
    }
    return switch (chain.main().qualifiedOp()) {
      case "Conv" -> fusesConvolutions && takesConvolution(chain);
      case "MatMul" -> takesProduct(chain);
      default -> false;
    };
  }

  private boolean takesConvolution(Chain chain) {
    Operands in = scope.operands(chain.main());
    List<Object> activation = activation(chain);
    return packs("onednn_takes", chain.main())
        && (!in.has(2) || in.value(2).isPresent())
        && !activation.isEmpty()
        && (chain.residual() == null || takesResidual(in.shape(1).dim(0), activation));
  }

  /** Whether oneDNN can take a convolution, by a function of the kernels, and pack its weights. */
  private boolean packs(String function, Node node) {
    return isFloat(node.inputs().get(0))
        && scope.operands(node).value(1).isPresent()
        && Kernels.results(function, scope.operands(node)).equals(List.of(true));
  }

  /** What else PyTorch takes behind a convolution fails when it runs. */
  private static boolean takesResidual(long channels, List<Object> activation) {
    return channels > 1 && List.of("none", "relu").contains(activation.get(0));
  }

  private boolean takesProduct(Chain chain) {
    Operands in = scope.operands(chain.main());
    boolean isWeighted =
        isFloat(chain.main().inputs().get(0))
            && in.shape(0).rank() >= 2
            && in.shape(0).elements() > 0
            && in.value(1).isPresent()
            && in.shape(1).rank() == 2;
    Tensor bias = chain.bias() == null ? null : scope.constant(chain.bias().value());
    return isWeighted
        && chain.normalisation() == null
        && chain.factor() == null
        && (bias == null || bias.shape().rank() <= 2)
        && chain.residual() == null
        && activation(chain).size() == NO_ACTIVATION.size();
  }

  private boolean takesAttention(Attention attention) {
    Node main = attention.main();
    String mask = attention.mask();
    return attention.turnedKeys() == null
        && isFloat(main.inputs().get(0))
        && isFloat(main.inputs().get(1))
        && isFloat(attention.values())
        && (mask == null || isFloat(mask));
  }

  private boolean isFloat(String value) {
    TensorType type = scope.type(value);
    return type != null && type.type() == DataType.FLOAT;
  }

  /** The activation of a chain in oneDNN's terms; empty if it has one that is not fused. */
  private List<Object> activation(Chain chain) {
    return chain.activation() == null
        ? NO_ACTIVATION
        : Kernels.results("onednn_activation", scope.operands(chain.activation().main()));
  }

  private Task task(Fused fused) {
    if (fused instanceof Attention attention) {
      String mask = attention.mask() == null ? "" : attention.mask();
      List<String> inputs =
          List.of(attention.queries(), attention.main().inputs().get(1), attention.values(), mask);
      return task(attention, "fused_attention", inputs, attention.scale());
    }
    if (fused instanceof Chain chain) {
      return chain.main().op().equals("Conv") ? convolution(chain) : product(chain);
    }
    Node main = fused.main();
    List<String> inputs = main.inputs();
    return fusesConvolutions
            && main.qualifiedOp().equals("ConvTranspose")
            && packs("onednn_takes_transposed", main)
        ? task(fused, "packed_transposed", first(3, inputs))
        : new Task(fused, inputs, main.outputs(), null);
  }

  private Task convolution(Chain chain) {
    Node norm = chain.normalisation();
    List<String> inputs = new ArrayList<>(first(3, chain.main().inputs()));
    inputs.addAll(norm == null ? first(4, List.of()) : norm.inputs().subList(1, 5));
    inputs.add(value(chain.residual()));
    inputs.add(value(chain.factor()));
    inputs.add(value(chain.bias()));
    double epsilon = norm == null ? 0 : norm.attributes().number("epsilon", 1e-5f);
    boolean isSpent = chain.residual() != null && isSpent(chain, chain.residual().value());
    done.addAll(chain.nodes());
    own.add(chain.last().outputs().get(0));
    return task(chain, "fused_convolution", inputs, epsilon, isSpent, activation(chain));
  }

  /** So many names, empty if there are fewer. */
  private static List<String> first(int count, List<String> names) {
    return Stream.concat(names.stream(), Stream.generate(() -> "")).limit(count).toList();
  }

  private static String value(@Nullable Operand operand) {
    return operand == null ? "" : operand.value();
  }

  /**
   * Whether the memory of an added value is free once {@code chain} has run. A value may share its
   * memory with others (reshaped, sliced): so only what a convolution's chain or a pooling wrote,
   * and what none but such chains have read, which keep no view of it.
   */
  private boolean isSpent(Chain chain, String value) {
    Node writer = links.writer(value);
    boolean isPooled =
        writer != null && writer.qualifiedOp().equals("MaxPool") && writer.outputs().size() == 1;
    if (links.isReturned(value) || !(isPooled || own.contains(value))) {
      return false;
    }
    List<Node> others = new ArrayList<>(links.readers(value));
    others.removeIf(reader -> chain.nodes().contains(reader) && !reader.equals(chain.main()));
    return done.containsAll(others);
  }

  private Task product(Chain chain) {
    List<String> inputs = new ArrayList<>(chain.main().inputs());
    inputs.add(value(chain.bias()));
    return task(chain, "fused_product", inputs, activation(chain));
  }

  private Task task(Fused fused, String function, List<String> inputs, Object... settings) {
    Kernel kernel = Kernels.fused(function, scope.operands(fused.main()), inputs, settings);
    return new Task(fused, inputs, fused.last().outputs(), kernel);
  }

  /**
   * A planned step: nodes that run together.
   *
   * @param inputs names of the values for the kernel's inputs 0, 1, ...; empty for an input left
   *     out
   * @param outputs names of the values written
   * @param kernel null for the kernel of the main node
   */
  record Task(Fused fused, List<String> inputs, List<String> outputs, @Nullable Kernel kernel) {
    Task {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }

    static Task of(Node node) {
      return new Task(new Fused.Single(node), node.inputs(), node.outputs(), null);
    }

    /** The node that gives the step its name. */
    Node main() {
      return fused.main();
    }
  }
}
