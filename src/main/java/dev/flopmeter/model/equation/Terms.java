package dev.flopmeter.model.equation;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What terms are in Java, and what equations compute of them. */
public final class Terms {
  private Terms() {}

  /** The functions of numbers, lists and shapes, for all files. */
  public static @Nullable BuiltIn function(String name) {
    return switch (name) {
      case "infinity" -> BuiltIn.of(0, (host, a) -> Double.POSITIVE_INFINITY);
      case "min" -> BuiltIn.of(2, (host, a) -> Math.min(integer(a, 0), integer(a, 1)));
      case "max" -> BuiltIn.of(2, (host, a) -> Math.max(integer(a, 0), integer(a, 1)));
      case "sqrt" -> BuiltIn.of(1, (host, a) -> Math.sqrt(real(a.get(0))));
      case "ceil" -> BuiltIn.of(1, (host, a) -> (long) Math.ceil(real(a.get(0))));
      case "floor" -> BuiltIn.of(1, (host, a) -> (long) Math.floor(real(a.get(0))));
      case "times" -> BuiltIn.of(1, (host, a) -> Sizes.product(dims(a.get(0))));
      case "size" -> BuiltIn.of(1, (host, a) -> (long) list(a.get(0)).size());
      case "repeat" ->
          BuiltIn.of(2, (host, a) -> Collections.nCopies((int) integer(a, 1), a.get(0)));
      case "axes" ->
          BuiltIn.of(
              2, (host, a) -> LongStream.range(integer(a, 0), integer(a, 1)).boxed().toList());
      case "drop" ->
          BuiltIn.of(2, (host, a) -> list(a.get(0)).stream().skip(integer(a, 1)).toList());
      case "with" ->
          BuiltIn.of(
              3, (host, a) -> list(sizes(a, 0).with((int) integer(a, 1), integer(a, 2)).dims()));
      case "broadcast" ->
          BuiltIn.of(2, (host, a) -> list(sizes(a, 0).broadcast(sizes(a, 1)).dims()));
      case "count" -> BuiltIn.of(1, (host, a) -> sizes(a, 0).elements());
      case "text" -> BuiltIn.of(1, (host, a) -> sizes(a, 0).toString());
      case "given" -> BuiltIn.of(1, (host, a) -> !Value.isLeftOut(a.get(0)));
      case "contains" -> BuiltIn.of(2, (host, a) -> list(a.get(0)).contains(a.get(1)));
      case "part" -> BuiltIn.of(3, (host, a) -> part(list(a.get(0)), integer(a, 1), integer(a, 2)));
      case "rank" -> BuiltIn.of(1, (host, a) -> (long) shape(host, a).rank());
      case "dim" ->
          BuiltIn.of(2, (host, a) -> shape(host, a).dim(shape(host, a).axis(integer(a, 1))));
      case "axis" -> BuiltIn.of(2, (host, a) -> (long) shape(host, a).axis(integer(a, 1)));
      case "shape" -> BuiltIn.of(1, (host, a) -> list(shape(host, a).dims()));
      case "attribute" ->
          BuiltIn.of(2, (host, a) -> attribute(host.attributes(), (String) a.get(0), a.get(1)));
      case "elements" -> new BuiltIn(1, 3, Terms::elements);
      default -> null;
    };
  }

  private static List<?> part(List<?> list, long from, long to) {
    if (from < 0 || from > to || to > list.size()) {
      throw new ModelException(list + " has no elements " + from + " to " + to + " (excluded)");
    }
    return list.subList((int) from, (int) to);
  }

  private static Object elements(Host host, List<Object> a) {
    Shape shape = shape(host, a);
    return a.size() == 1
        ? shape.elements()
        : shape.elements((int) integer(a, 1), (int) integer(a, 2));
  }

  private static Shape shape(Host host, List<Object> arguments) {
    return host.shape(arguments.get(0));
  }

  private static Shape sizes(List<Object> arguments, int index) {
    return Shape.of(dims(arguments.get(index)));
  }

  /** The result of an operator between two terms: a node where one is a tensor. */
  static Object operation(Host host, String sign, Object left, Object right) {
    return switch (sign) {
      case "==" -> isSame(left, right);
      case "!=" -> !isSame(left, right);
      case "<" -> real(left) < real(right);
      case "<=" -> real(left) <= real(right);
      case ">" -> real(left) > real(right);
      case ">=" -> real(left) >= real(right);
      default -> {
        if (left instanceof Long a && right instanceof Long b) {
          yield integers(sign, a, b);
        }
        boolean areNumbers = left instanceof Number && right instanceof Number;
        yield areNumbers
            ? (Object) reals(sign, real(left), real(right))
            : host.combined(sign, left, right);
      }
    };
  }

  /** The operator of ONNX that a sign between tensors stands for. */
  public static String operator(String sign) {
    return switch (sign) {
      case "+" -> "Add";
      case "-" -> "Sub";
      case "*" -> "Mul";
      default -> "Div";
    };
  }

  private static boolean isSame(Object left, Object right) {
    return (left instanceof Number && right instanceof Number)
        ? real(left) == real(right)
        : left.equals(right);
  }

  private static long integers(String sign, long a, long b) {
    if (b == 0 && (sign.equals("/") || sign.equals("%"))) {
      throw new ModelException("the division of " + a + " by 0");
    }
    return switch (sign) {
      case "+" -> Sizes.add(a, b);
      case "-" -> a - b;
      case "*" -> Sizes.multiply(a, b);
      case "/" -> a / b;
      default -> a % b;
    };
  }

  private static double reals(String sign, double a, double b) {
    return switch (sign) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      default -> a % b;
    };
  }

  /** An attribute of the type of its default. */
  static Object attribute(Attributes all, String name, Object absent) {
    if (absent instanceof Long integer) {
      return all.integer(name, integer);
    } else if (absent instanceof Double real) {
      return (double) all.number(name, real.floatValue());
    } else if (absent instanceof Boolean flag) {
      return all.flag(name, flag);
    } else if (absent instanceof String text) {
      return all.text(name, text);
    }
    return all.integers(name).<Object>map(Terms::list).orElse(absent);
  }

  /** Terms as the attributes of an ONNX node. */
  public static Attributes attributes(Map<String, Object> terms) {
    Map<String, Object> all = new HashMap<>();
    terms.forEach((name, term) -> all.put(name, attribute(term)));
    return Attributes.of(all);
  }

  private static Object attribute(Object term) {
    if (term instanceof DataType type) {
      return (long) type.code();
    } else if (term instanceof Boolean flag) {
      return flag ? 1L : 0L;
    } else if (term instanceof Double real) {
      return real.floatValue();
    }
    return term;
  }

  static Object element(Object list, Object index) {
    return part(list(list), (long) index, (long) index + 1).get(0);
  }

  /** A list, or a list of the one term. */
  public static List<?> list(Object term) {
    return term instanceof List<?> list ? list : List.of(term);
  }

  /** Integers as a term. */
  public static List<Object> list(long[] numbers) {
    List<Object> all = new ArrayList<>();
    for (long number : numbers) {
      all.add(number);
    }
    return all;
  }

  /** One of the arguments of a call. */
  public static long integer(List<Object> arguments, int index) {
    return (Long) arguments.get(index);
  }

  /** A number of any kind. */
  public static double real(Object number) {
    return ((Number) number).doubleValue();
  }

  /** A list of integers. */
  public static long[] dims(Object list) {
    return Attributes.longs(list(list));
  }
}
