package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.run.djl.kernel.Expression.Call;
import dev.flopmeter.run.djl.kernel.Expression.Input;
import dev.flopmeter.run.djl.kernel.Expression.Listed;
import dev.flopmeter.run.djl.kernel.Expression.Named;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One node, whose kernel the equations of {@code kernels.txt} give. Tensors are the node's inputs
 * and {@link Expression}s; what the equations write are calls of PyTorch's functions.
 */
final class KernelEquations implements NodeHost {
  static final Map<String, Definition> ALL =
      Definition.read(KernelEquations.class, KernelFunctions.DIALECT);

  private final Operands in;
  private final Attributes attributes;
  private @Nullable String layout;
  private String function = "";

  KernelEquations(Operands in) {
    this(in, in.attributes());
  }

  /** For an operator that the node applies with attributes of its own. */
  private KernelEquations(Operands in, Attributes attributes) {
    this.in = in;
    this.attributes = attributes;
  }

  /** Whether {@code name} is an operator with a kernel, and not a function of the file. */
  static boolean has(String name) {
    return ALL.containsKey(name) && Definition.isOperator(name);
  }

  Kernel kernel() {
    return kernel(results(in.node().qualifiedOp()));
  }

  /** The kernel that a function of the file gives for these arguments. */
  Kernel kernel(String name, List<Object> arguments) {
    return kernel(definition(name).of(this, arguments));
  }

  private Kernel kernel(List<Object> results) {
    return new Kernel(expressions(results), Map.of(), layout, function);
  }

  /** What an operator or function of the file gives for the first inputs of the node. */
  List<Object> results(String name) {
    return results(definition(name));
  }

  private static Definition definition(String name) {
    return Objects.requireNonNull(ALL.get(name), name);
  }

  /**
   * A loop.
   *
   * @param a the function of one trip, the number of trips, the first states, and what every trip
   *     is given behind its number and the states; it returns the next states and rows
   * @return the states after the last trip, then the lists of all trips' rows
   */
  List<Expression> loop(List<Object> a) {
    Definition trip = definition((String) a.get(0));
    Loop loop =
        new Loop(
            Terms.integer(a, 1),
            expressions(Terms.list(a.get(2))),
            (index, states) -> {
              List<Object> arguments = new ArrayList<>(List.of(index, states));
              arguments.addAll(a.subList(3, a.size()));
              return expressions(trip.of(this, arguments));
            });
    return loop.results();
  }

  @Override
  public Operands in() {
    return in;
  }

  @Override
  public Attributes attributes() {
    return attributes;
  }

  /** Reports the kernel under the name of this function, even if it calls others. */
  Object report(String function) {
    this.function = function;
    return Value.NONE;
  }

  Object wantChannelsLast() {
    layout = "nhwc";
    return Value.NONE;
  }

  @Override
  public List<Expression> add(
      int outputs, String function, Map<String, Object> named, List<Object> terms) {
    if (has(function)) {
      KernelEquations applied = new KernelEquations(in, Terms.attributes(named));
      return applied.expressions(definition(function).of(applied, terms));
    }
    if (!TorchNames.FUNCTIONS.contains(function)) {
      throw new IllegalStateException("not a function of PyTorch that kernels call: " + function);
    }
    List<Expression> arguments = new ArrayList<>(expressions(terms));
    named.forEach((name, term) -> arguments.add(new Named(name, expression(term))));
    Call call = new Call(function, arguments);
    return outputs == 1 ? List.of(call) : Expression.parts(outputs, call);
  }

  @Override
  public String operator(String sign) {
    return NodeHost.super.operator(sign).toLowerCase(Locale.ROOT);
  }

  List<Expression> expressions(List<?> terms) {
    return terms.stream().map(this::expression).toList();
  }

  /**
   * A term as TorchScript.
   *
   * @throws IllegalArgumentException if it is a text that is not one of PyTorch's words
   */
  Expression expression(Object term) {
    if (term instanceof Value value) {
      return Value.isLeftOut(value) ? Expression.NONE : new Input(value.input());
    } else if (term instanceof DataType type) {
      return Expression.of(Kernels.code(in, type));
    } else if (term instanceof String word) {
      return Expression.word(word);
    } else if (term instanceof List<?> list) {
      return list.stream().allMatch(Long.class::isInstance)
          ? Expression.ints(Terms.dims(list))
          : new Listed(expressions(list));
    }
    return Expression.of(term);
  }

  @Override
  public ModelException refusal(String message) {
    return Kernels.unsupported(in, message);
  }
}
