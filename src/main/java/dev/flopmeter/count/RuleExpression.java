package dev.flopmeter.count;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
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
 * <p>There is nothing else in it: no loops, no calls, no names of its own, so that a rule file can
 * come from anywhere. Numbers beyond 2^63-1 are errors, not wrapped.
 */
public final class RuleExpression {
  /** Longer texts are refused: deep nesting must not exhaust the stack. */
  private static final int MOST_CHARACTERS = 1000;

  private final String text;
  private int at;

  private RuleExpression(String text) {
    this.text = text;
  }

  /**
   * Reads an expression.
   *
   * @return what it is for a node; throws {@link ModelException} where it is negative or overflows
   * @throws ModelException if it is malformed; the message says where
   */
  public static ToLongFunction<Operands> parse(String text) {
    if (text.length() > MOST_CHARACTERS) {
      throw new ModelException("a rule has at most " + MOST_CHARACTERS + " characters");
    }
    RuleExpression expression = new RuleExpression(text);
    ToLongFunction<Operands> sum = expression.sum();
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

  private ToLongFunction<Operands> sum() {
    ToLongFunction<Operands> left = product();
    while (peek() == '+' || peek() == '-') {
      boolean isPlus = text.charAt(at++) == '+';
      ToLongFunction<Operands> before = left;
      ToLongFunction<Operands> next = product();
      left =
          isPlus
              ? in -> Sizes.add(before.applyAsLong(in), next.applyAsLong(in))
              : in -> Sizes.add(before.applyAsLong(in), Math.negateExact(next.applyAsLong(in)));
    }
    return left;
  }

  private ToLongFunction<Operands> product() {
    ToLongFunction<Operands> left = value();
    while (peek() == '*' || peek() == '/') {
      boolean isTimes = text.charAt(at++) == '*';
      ToLongFunction<Operands> before = left;
      ToLongFunction<Operands> next = value();
      left =
          isTimes
              ? in -> Sizes.multiply(before.applyAsLong(in), next.applyAsLong(in))
              : in -> divide(before.applyAsLong(in), next.applyAsLong(in));
    }
    return left;
  }

  private long divide(long a, long b) {
    if (b == 0) {
      throw new ModelException("the rule '" + text + "' divides by 0");
    }
    return Math.floorDiv(a, b);
  }

  private ToLongFunction<Operands> value() {
    char next = peek();
    if (next == '(') {
      at++;
      ToLongFunction<Operands> inner = sum();
      expect(')');
      return inner;
    }
    if (next >= '0' && next <= '9') {
      long number = number();
      return in -> number;
    }
    String name = name();
    return switch (name) {
      case "in" -> tensor(true);
      case "out" -> tensor(false);
      case "attr" -> attribute();
      case "min", "max" -> extreme(name.equals("min"));
      default -> throw wrong("a number, in, out, attr, min, max or a bracket");
    };
  }

  private ToLongFunction<Operands> extreme(boolean isMin) {
    expect('(');
    ToLongFunction<Operands> a = sum();
    expect(',');
    ToLongFunction<Operands> b = sum();
    expect(')');
    return in ->
        isMin
            ? Math.min(a.applyAsLong(in), b.applyAsLong(in))
            : Math.max(a.applyAsLong(in), b.applyAsLong(in));
  }

  private ToLongFunction<Operands> attribute() {
    expect('.');
    String name = name();
    return in -> in.attributes().integer(name);
  }

  private ToLongFunction<Operands> tensor(boolean isInput) {
    int index = 0;
    if (peek() == '[') {
      at++;
      index = index();
      expect(']');
    }
    int slot = index;
    expect('.');
    String property = name();
    return switch (property) {
      case "elements" -> in -> type(in, isInput, slot).elements();
      case "bytes" -> in -> type(in, isInput, slot).bytes();
      case "rank" -> in -> type(in, isInput, slot).shape().rank();
      case "dim" -> dimension(isInput, slot);
      default -> throw wrong("elements, bytes, rank or dim(n)");
    };
  }

  private ToLongFunction<Operands> dimension(boolean isInput, int slot) {
    expect('(');
    boolean fromEnd = peek() == '-';
    at += fromEnd ? 1 : 0;
    int number = index();
    int axis = fromEnd ? -number : number;
    expect(')');
    return in -> type(in, isInput, slot).shape().dim(axis);
  }

  private static TensorType type(Operands in, boolean isInput, int slot) {
    return isInput ? in.type(slot) : in.output(slot);
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
