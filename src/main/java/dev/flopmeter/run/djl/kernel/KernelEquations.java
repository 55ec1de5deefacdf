package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.run.djl.kernel.Expression.Call;
import dev.flopmeter.run.djl.kernel.Expression.Named;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * One node, whose kernel the equations of {@code kernels.txt} give. Tensors are the node's inputs
 * and {@link Expression}s; what the equations write are calls of PyTorch's functions.
 */
final class KernelEquations implements NodeHost {
  private static final Map<String, Definition> ALL =
      Definition.read(KernelEquations.class, KernelFunctions.DIALECT);

  private final Operands in;
  private final Attributes attributes;
  private boolean isChannelsLast;
  private String function = "";

  KernelEquations(Operands in) {
    this(in, in.attributes());
  }

  /** For an operator that the node applies with attributes of its own. */
  KernelEquations(Operands in, Attributes attributes) {
    this.in = in;
    this.attributes = attributes;
  }

  static void addTo(Map<String, KernelRule> rules) {
    ALL.forEach(
        (name, definition) -> {
          if (Definition.isOperator(name)) {
            rules.put(name, in -> new KernelEquations(in).kernel(definition));
          }
        });
  }

  private Kernel kernel(Definition definition) {
    List<Expression> results = expressions(results(definition));
    Kernel kernel = new Kernel(results, Map.of(), null, function);
    return isChannelsLast ? kernel.channelsLast() : kernel;
  }

  /** The names of the attributes of an operator. */
  static Set<String> attributes(String op) {
    return definition(op).attributes();
  }

  private static Definition definition(String name) {
    return Objects.requireNonNull(ALL.get(name), name);
  }

  /** The one value of an operator or function of the file. */
  Expression value(String function, Object... arguments) {
    return expression(definition(function).of(this, List.of(arguments)).get(0));
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
    List<Expression> start = expressions(Terms.list(a.get(2)));
    Loop loop =
        new Loop(
            Terms.integer(a, 1),
            start,
            (index, states) -> {
              List<Object> arguments = new ArrayList<>(List.of(index, states));
              arguments.addAll(a.subList(3, a.size()));
              List<Expression> results = expressions(trip.of(this, arguments));
              return new Loop.Trip(
                  results.subList(0, start.size()), results.subList(start.size(), results.size()));
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

  /** Reports the kernel under the name of this function, whatever else it calls. */
  void report(String function) {
    this.function = function;
  }

  /** Input 0 with channels last, where PyTorch is then faster even if it copies the image. */
  Object wantChannelsLast(Shape image) {
    isChannelsLast = image.rank() == 4 && image.dim(1) >= 8;
    return Value.NONE;
  }

  @Override
  public List<Expression> add(
      int outputs, String function, Map<String, Object> named, List<Object> terms) {
    if (!TorchNames.FUNCTIONS.contains(function)) {
      throw new IllegalStateException("not a function of PyTorch that kernels call: " + function);
    }
    List<Expression> arguments = new ArrayList<>(expressions(terms));
    named.forEach((name, term) -> arguments.add(new Named(name, expression(term))));
    Call call = new Call(function, arguments);
    return outputs == 1 ? List.of(call) : Expression.parts(outputs, call);
  }

  /** A sum with what is left out is the other term. */
  @Override
  public Object combined(String sign, Object left, Object right) {
    if (sign.equals("+") && (Value.isLeftOut(left) || Value.isLeftOut(right))) {
      return Value.isLeftOut(left) ? right : left;
    }
    String function =
        switch (sign) {
          case "+" -> "add";
          case "-" -> "sub";
          case "*" -> "mul";
          default -> "div";
        };
    return add(1, function, Map.of(), List.of(left, right)).get(0);
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
      return Value.isLeftOut(value) ? Expression.NONE : Expression.input(value.input());
    } else if (term instanceof DataType type) {
      return Expression.of(Kernels.code(in, type));
    } else if (term instanceof String word) {
      return Expression.word(word);
    } else if (term instanceof List<?> list) {
      return list.stream().allMatch(Long.class::isInstance)
          ? Expression.ints(Terms.dims(list))
          : Expression.list(expressions(list));
    }
    return Expression.of(term);
  }

  @Override
  public String shown(Object term) {
    return term instanceof DataType type ? type.label() : NodeHost.super.shown(term);
  }

  @Override
  public ModelException refusal(String message) {
    return Kernels.unsupported(in, message);
  }
}
