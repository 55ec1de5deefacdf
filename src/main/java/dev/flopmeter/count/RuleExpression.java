package dev.flopmeter.count;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongBinaryOperator;
import java.util.function.ToLongFunction;

/**
 * Arithmetic on a node's shapes, as users write it in a rule: {@code 2 * out.elements}.
 *
 * <pre>
 *   sum     = product { ("+" | "-") product }
 *   product = value { ("*" | "/") value }            division rounds down
 *   value   = number | "(" sum ")" | ("min" | "max") "(" sum "," sum ")"
 *           | ("in" | "out") [ "[" number "]" ] "." ("elements" | "bytes" | "rank" | "dim" "(" ["-"] number ")")
 *           | "attr" "." name                         an integer attribute the node must have
 * </pre>
 *
 * <p>There is nothing else: no loops, no calls, no variables, so that a rule file may come from
 * anywhere. Numbers beyond 2^63-1 are errors, not wrapped.
 */
public final class RuleExpression {
  /** Longer texts are rejected, because deep nesting could exhaust the stack. */
  private static final int MOST_CHARACTERS = 1000;

  private final String text;
  private int at;

  private interface Term extends ToLongFunction<Operands> {
    default Term and(LongBinaryOperator operator, Term other) {
      return in -> operator.applyAsLong(applyAsLong(in), other.applyAsLong(in));
    }
  }

  private RuleExpression(String text) {
    this.text = text;
  }

  /**
   * Reads an expression.
   *
   * @return its value for a node; throws {@link ModelException} where it is negative or overflows
   * @throws ModelException if it is malformed; the message says where
   */
  public static ToLongFunction<Operands> parse(String text) {
    if (text.length() > MOST_CHARACTERS) {
      throw new ModelException("a rule has at most " + MOST_CHARACTERS + " characters");
    }
    RuleExpression expression = new RuleExpression(text);
    Term sum = expression.sum();
    if (expression.peek() != END || expression.at < text.length()) {
      throw expression.wrong("an operator or the end");
    }
    return in -> {
      long value = sum.applyAsLong(in);
      if (value < 0) {
        throw new ModelException("the rule '" + text + "' gives " + value);
      }
      return value;
    };
  }

  private static final char END = '\0';

  private Term sum() {
    Term left = product();
    while (peek() == '+' || peek() == '-') {
      LongBinaryOperator sign =
          text.charAt(at++) == '+' ? Sizes::add : (a, b) -> Sizes.add(a, Math.negateExact(b));
      left = left.and(sign, product());
    }
    return left;
  }

  private Term product() {
    Term left = value();
    while (peek() == '*' || peek() == '/') {
      LongBinaryOperator sign = text.charAt(at++) == '*' ? Sizes::multiply : this::divide;
      left = left.and(sign, value());
    }
    return left;
  }

  private long divide(long a, long b) {
    if (b == 0) {
      throw new ModelException("the rule '" + text + "' divides by 0");
    }
    return Math.floorDiv(a, b);
  }

  private Term value() {
    char next = peek();
    if (next == '(') {
      at++;
      Term inner = sum();
      expect(')');
      return inner;
    }
    if (next >= '0' && next <= '9') {
      long number = number();
      return in -> number;
    }
    String name = name();
    return switch (name) {
      case "in" -> tensor(Operands::type);
      case "out" -> tensor(Operands::output);
      case "attr" -> attribute();
      case "min" -> pair(Math::min);
      case "max" -> pair(Math::max);
      default -> throw wrong("a number, in, out, attr, min, max or a bracket");
    };
  }

  private Term pair(LongBinaryOperator function) {
    expect('(');
    Term first = sum();
    expect(',');
    Term pair = first.and(function, sum());
    expect(')');
    return pair;
  }

  private Term attribute() {
    expect('.');
    String name = name();
    return in -> in.attributes().integer(name);
  }

  private Term tensor(BiFunction<Operands, Integer, TensorType> types) {
    int slot = 0;
    if (peek() == '[') {
      at++;
      slot = index();
      expect(']');
    }
    int index = slot;
    Function<Operands, TensorType> type = in -> types.apply(in, index);
    expect('.');
    String property = name();
    return switch (property) {
      case "elements" -> in -> type.apply(in).elements();
      case "bytes" -> in -> type.apply(in).bytes();
      case "rank" -> in -> type.apply(in).shape().rank();
      case "dim" -> dimension(type);
      default -> throw wrong("elements, bytes, rank or dim(n)");
    };
  }

  private Term dimension(Function<Operands, TensorType> type) {
    expect('(');
    boolean fromEnd = peek() == '-';
    at += fromEnd ? 1 : 0;
    int number = index();
    int axis = fromEnd ? -number : number;
    expect(')');
    return in -> type.apply(in).shape().dim(axis);
  }

  private String name() {
    peek();
    int start = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
      at++;
    }
    if (start == at) {
      throw wrong("a name or a number");
    }
    return text.substring(start, at);
  }

  /** The number of an input, an output or a dimension. */
  private int index() {
    peek();
    int start = at;
    long index = number();
    if (index > MOST_CHARACTERS) {
      at = start;
      throw wrong("an index of at most " + MOST_CHARACTERS);
    }
    return (int) index;
  }

  private long number() {
    peek();
    int start = at;
    while (at < text.length() && Character.isDigit(text.charAt(at))) {
      at++;
    }
    try {
      return Long.parseLong(text.substring(start, at));
    } catch (NumberFormatException e) {
      at = start;
      throw wrong("a whole number of at most 2^63-1");
    }
  }

  private void expect(char wanted) {
    if (peek() != wanted) {
      throw wrong("'" + wanted + "'");
    }
    at++;
  }

  private char peek() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
    return at < text.length() ? text.charAt(at) : END;
  }

  private ModelException wrong(String wanted) {
    return new ModelException(
        "the rule '" + text + "' needs " + wanted + " at character " + (at + 1));
  }
}
