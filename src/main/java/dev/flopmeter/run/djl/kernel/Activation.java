package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.scalars;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import java.util.List;
import java.util.Optional;

/**
 * An activation that follows a convolution or product in the same step.
 *
 * @param parameters of the form: a slope, or two bounds
 */
public record Activation(Form form, List<Double> parameters) {
  public static final Activation NONE = new Activation(Form.NONE);

  /** The functions by oneDNN's names in PyTorch. */
  public enum Form {
    NONE,
    RELU,
    SIGMOID,
    TANH,
    HARDSWISH,
    LEAKY_RELU,
    SWISH,
    GELU,
    GELU_TANH,
    HARDTANH
  }

  private Activation(Form form, Double... parameters) {
    this(form, List.of(parameters));
  }

  /** The activation that {@code in}'s node computes, if it has one of these forms. */
  public static Optional<Activation> of(Operands in) {
    return switch (in.node().qualifiedOp()) {
      case "Relu" -> Optional.of(new Activation(Form.RELU));
      case "Sigmoid" -> Optional.of(new Activation(Form.SIGMOID));
      case "Tanh" -> Optional.of(new Activation(Form.TANH));
      case "HardSwish" -> Optional.of(new Activation(Form.HARDSWISH));
      case "LeakyRelu" -> {
        double slope = in.attributes().number("alpha", 0.01f);
        yield Optional.of(new Activation(Form.LEAKY_RELU, slope));
      }
      case "Swish" ->
          in.attributes().number("alpha", 1) == 1
              ? Optional.of(new Activation(Form.SWISH))
              : Optional.empty();
      case "Gelu" ->
          switch (in.attributes().text("approximate", "none")) {
            case "none" -> Optional.of(new Activation(Form.GELU));
            case "tanh" -> Optional.of(new Activation(Form.GELU_TANH));
            default -> Optional.empty();
          };
      case "Clip" -> clip(in);
      default -> Optional.empty();
    };
  }

  private static Optional<Activation> clip(Operands in) {
    Optional<Double> low = bound(in, "min", 1);
    Optional<Double> high = bound(in, "max", 2);
    // oneDNN has no form for crossed bounds.
    boolean fits =
        low.isPresent()
            && high.isPresent()
            && low.get() <= high.get()
            && in.type(0).type() == DataType.FLOAT;
    return fits
        ? Optional.of(new Activation(Form.HARDTANH, low.get(), high.get()))
        : Optional.empty();
  }

  /** A bound of a Clip that is known before the run. */
  static Optional<Double> bound(Operands in, String name, int index) {
    if (in.has(index)) {
      return in.value(index).filter(one -> one.elements() == 1).map(one -> one.doubleAt(0));
    }
    return in.attributes().has(name)
        ? Optional.of((double) in.attributes().number(name))
        : Optional.empty();
  }

  /** Whether it has no parameters. */
  public boolean isPlain() {
    return parameters.isEmpty();
  }

  /** The three arguments as oneDNN's functions take them: name, parameters, which of two forms. */
  List<Expression> arguments() {
    boolean isTanh = form == Form.GELU_TANH;
    Expression algorithm =
        isTanh ? word("tanh") : form == Form.GELU ? word("none") : Expression.EMPTY;
    return List.of(
        word(isTanh ? Form.GELU : form),
        scalars(parameters.stream().mapToDouble(Double::doubleValue).toArray()),
        algorithm);
  }

  /** The activation of {@code value}, for the forms without parameters. */
  Expression of(Expression value) {
    return switch (form) {
      case NONE -> value;
      case RELU -> call("relu", value);
      case SIGMOID -> call("sigmoid", value);
      case TANH -> call("tanh", value);
      case HARDSWISH -> call("hardswish", value);
      case SWISH -> call("silu", value);
      case GELU -> call("gelu", value);
      case GELU_TANH -> call("gelu", value, named("approximate", word("tanh")));
      case LEAKY_RELU, HARDTANH -> throw new IllegalStateException("parameters of " + this);
    };
  }
}
