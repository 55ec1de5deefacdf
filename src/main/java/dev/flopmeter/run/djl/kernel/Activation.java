package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import java.util.Optional;

/**
 * An activation that oneDNN applies while it writes a convolution's or product's result.
 *
 * @param name oneDNN's name in PyTorch; {@code none} for none
 * @param scalars its parameters, as a TorchScript list
 * @param algorithm which of several forms; mostly empty
 */
public record Activation(String name, String scalars, String algorithm) {
  private static final String NO_SCALARS = list();

  public static final Activation NONE = new Activation("none", NO_SCALARS, "");

  /** What {@code node} applies, if it is one of them. */
  public static Optional<Activation> of(Operands in) {
    Node node = in.node();
    return switch (node.qualifiedOp()) {
      case "Relu" -> Optional.of(new Activation("relu", NO_SCALARS, ""));
      case "Sigmoid" -> Optional.of(new Activation("sigmoid", NO_SCALARS, ""));
      case "Tanh" -> Optional.of(new Activation("tanh", NO_SCALARS, ""));
      case "HardSwish" -> Optional.of(new Activation("hardswish", NO_SCALARS, ""));
      case "LeakyRelu" ->
          Optional.of(
              new Activation(
                  "leaky_relu", list(Text.number(node.attributes().number("alpha", 0.01f))), ""));
      case "Gelu" ->
          UnaryKernels.approximation(node)
              .map(approximate -> new Activation("gelu", NO_SCALARS, approximate));
      case "Clip" -> clip(in);
      default -> Optional.empty();
    };
  }

  private static Optional<Activation> clip(Operands in) {
    Optional<String> low = UnaryKernels.bound(in, "min", 1);
    Optional<String> high = UnaryKernels.bound(in, "max", 2);
    boolean known = low.isPresent() && high.isPresent();
    if (!known
        || in.type(0).type() != DataType.FLOAT
        || low.get().startsWith("x")
        || high.get().startsWith("x")) {
      return Optional.empty();
    }
    return Optional.of(new Activation("hardtanh", list(low.get(), high.get()), ""));
  }

  /** A list of exactly the type that oneDNN's functions declare: nothing converts to it. */
  private static String list(String... values) {
    return "annotate(List[Optional[number]], [" + String.join(", ", values) + "])";
  }

  /** The three arguments as oneDNN's functions take them. */
  String arguments() {
    return "\"" + name + "\", " + scalars + ", \"" + algorithm + "\"";
  }
}
