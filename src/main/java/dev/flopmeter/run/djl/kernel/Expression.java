package dev.flopmeter.run.djl.kernel;

import com.google.errorprone.annotations.CompileTimeConstant;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.text.Resource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A TorchScript expression as an immutable value. Kernels are trees of them; {@link KernelWriter}
 * alone turns them into source. An expression that is used twice is computed once.
 *
 * <p>Text of a model cannot become source: the names of functions, keywords and words are constants
 * of this compiled, which the compiler checks; everything else is a number or a tensor.
 */
sealed interface Expression {
  /** No value, for an optional parameter. */
  Expression NONE = new Literal("None");

  default List<Expression> operands() {
    return List.of();
  }

  /** Converted to the type with PyTorch's number {@code type}. */
  default Expression to(int type) {
    return new Call("to", List.of(this, of(type)));
  }

  /** A number, flag, quoted word or list of numbers. */
  final class Literal implements Expression {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.]*");

    private final String text;

    private Literal(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** The step's input {@code index}. */
  record Input(int index) implements Expression {}

  /** A tensor that the kernel brings along. */
  record Constant(Tensor tensor) implements Expression {}

  /** A value over constant inputs that is computed once, before the first run. */
  record Once(Expression value) implements Expression {}

  record Listed(List<Expression> operands) implements Expression {}

  /** An argument passed by its name. */
  record Named(String name, Expression value) implements Expression {
    public Named {
      requireName(name);
    }

    @Override
    public List<Expression> operands() {
      return List.of(value);
    }
  }

  /** A call of one of PyTorch's functions. */
  record Call(String function, List<Expression> operands) implements Expression {
    public Call {
      requireName(function);
    }
  }

  /** One of the {@code count} tensors that a call returns. */
  record Part(Call call, int index, int count) implements Expression {
    @Override
    public List<Expression> operands() {
      return List.of(call);
    }
  }

  /** Fixed statements over named arguments, which leave their value in {@code result}. */
  final class Script implements Expression {
    final String text;
    final List<Named> arguments;

    private Script(String text, List<Named> arguments) {
      this.text = text;
      this.arguments = arguments;
    }

    @Override
    public List<Expression> operands() {
      return List.copyOf(arguments);
    }
  }

  /** The index or a state within the body of a loop. */
  final class Variable implements Expression {
    Variable() {}
  }

  /** What a loop leaves: a state after the last trip, or the list of the rows of all trips. */
  record LoopResult(Loop loop, int index, boolean isRows) implements Expression {
    @Override
    public List<Expression> operands() {
      return loop.operands();
    }
  }

  /** The {@code count} results of a call that returns several. */
  static List<Expression> parts(int count, Call call) {
    return IntStream.range(0, count)
        .mapToObj(index -> (Expression) new Part(call, index, count))
        .toList();
  }

  /**
   * A word of PyTorch, quoted; it may be empty.
   *
   * @throws IllegalArgumentException if it is none of those that kernels use
   */
  static Expression word(String word) {
    if (!word.isEmpty() && !TorchNames.WORDS.contains(word)) {
      throw new IllegalArgumentException("not a word of PyTorch that kernels use: " + word);
    }
    return new Literal('"' + word + '"');
  }

  /**
   * Fixed statements, for what expressions cannot say.
   *
   * @param file statements that use the names of {@code arguments} and assign {@code result}
   */
  static Expression script(@CompileTimeConstant String file, List<Named> arguments) {
    return new Script(Resource.text(Expression.class, file), List.copyOf(arguments));
  }

  /** A list of integers; {@code annotate} because the type of an empty one is not known. */
  static Expression ints(long... values) {
    return new Literal(
        values.length == 0
            ? "annotate(List[int], [])"
            : LongStream.of(values)
                .mapToObj(Long::toString)
                .collect(Collectors.joining(", ", "[", "]")));
  }

  /** A list of the type that oneDNN's functions declare, to which TorchScript converts no other. */
  static Expression scalars(List<?> values) {
    return new Literal(
        values.stream()
            .map(value -> of(value).toString())
            .collect(Collectors.joining(", ", "annotate(List[Optional[number]], [", "])")));
  }

  /** A float literal that reads back as the same number. */
  static Expression number(double value) {
    if (Double.isNaN(value)) {
      return new Literal("nan");
    }
    if (Double.isInfinite(value)) {
      return new Literal(value > 0 ? "inf" : "(-inf)");
    }
    String text = Double.toString(Math.abs(value));
    return new Literal(value < 0 ? "(-" + text + ")" : text);
  }

  /** The number of indices that an einsum's equation can name. */
  int LETTERS = 52;

  /**
   * An einsum's equation, with letters of its own for at most {@link #LETTERS} indices.
   *
   * @param operands the indices of each operand's axes
   */
  static Expression equation(List<List<String>> operands, List<String> output) {
    Map<String, Integer> numbers = new LinkedHashMap<>();
    String left =
        operands.stream().map(each -> letters(each, numbers)).collect(Collectors.joining(","));
    return new Literal('"' + left + "->" + letters(output, numbers) + '"');
  }

  private static String letters(List<String> names, Map<String, Integer> numbers) {
    StringBuilder letters = new StringBuilder();
    for (String name : names) {
      int number = numbers.computeIfAbsent(name, any -> numbers.size());
      letters.append((char) (number < 26 ? 'a' + number : 'A' + number - 26));
    }
    return letters.toString();
  }

  /**
   * Numbers, flags, lists of integers and expressions; a text is never one.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  static Expression of(Object value) {
    if (value instanceof Expression expression) {
      return expression;
    }
    if (value instanceof Long || value instanceof Integer) {
      return new Literal(value.toString());
    }
    if (value instanceof Double || value instanceof Float) {
      return number(((Number) value).doubleValue());
    }
    if (value instanceof Boolean flag) {
      return new Literal(flag ? "True" : "False");
    }
    if (value instanceof long[] values) {
      return ints(values);
    }
    throw new IllegalArgumentException("not a TorchScript value: " + value.getClass());
  }

  private static void requireName(String name) {
    if (!Literal.NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a TorchScript name: " + name);
    }
  }

  /** All expressions that {@code roots} consist of, each before its operands and once. */
  static List<Expression> all(List<Expression> roots) {
    Set<Expression> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Expression> all = new ArrayList<>();
    roots.forEach(root -> collect(root, seen, all));
    return all;
  }

  private static void collect(Expression each, Set<Expression> seen, List<Expression> all) {
    if (seen.add(each)) {
      all.add(each);
      each.operands().forEach(operand -> collect(operand, seen, all));
    }
  }
}
