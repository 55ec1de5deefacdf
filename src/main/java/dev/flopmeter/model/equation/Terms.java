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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The Java values of terms, and the functions of equations on them. */
public final class Terms {
  private static final int MOST_NAMED = 32;

  private Terms() {}

  /** The types that an attribute without a default can have. */
  static final Set<String> ATTRIBUTE_TYPES =
      Set.of("int", "float", "string", "ints", "floats", "strings");

  /** The functions of numbers, lists and shapes, for all files. */
  public static @Nullable BuiltIn function(String name) {
    return switch (name) {
      case "named" -> new BuiltIn(2, MOST_NAMED, new Function(name));
      case "elements" -> new BuiltIn(1, 3, new Function(name));
      default ->
          BuiltIn.listed(
              name,
              new Function(name),
              "infinity",
              "sqrt ceil floor times size count text given rank shape",
              "min max repeat axes drop broadcast contains dim axis attribute",
              "with part series");
    };
  }

  /** One of them. A lambda for each would lengthen short commands. */
  private record Function(String name) implements BuiltIn.Rule<Host> {
    @Override
    public Object of(Host host, List<Object> a) {
      return switch (name) {
        case "infinity" -> Double.POSITIVE_INFINITY;
        case "min" -> Math.min(integer(a, 0), integer(a, 1));
        case "max" -> Math.max(integer(a, 0), integer(a, 1));
        case "sqrt" -> Math.sqrt(real(a.get(0)));
        case "ceil" -> (long) Math.ceil(real(a.get(0)));
        case "floor" -> (long) Math.floor(real(a.get(0)));
        case "times" -> Sizes.product(dims(a.get(0)));
        case "size" -> (long) list(a.get(0)).size();
        case "repeat" -> Collections.nCopies((int) integer(a, 1), a.get(0));
        case "axes" -> series(integer(a, 0), 1, integer(a, 1) - integer(a, 0));
        case "series" -> series(integer(a, 0), integer(a, 1), integer(a, 2));
        case "drop" -> Terms.drop(list(a.get(0)), integer(a, 1));
        case "with" -> list(sizes(a, 0).with((int) integer(a, 1), integer(a, 2)).dims());
        case "broadcast" -> list(sizes(a, 0).broadcast(sizes(a, 1)).dims());
        case "count" -> sizes(a, 0).elements();
        case "text" -> sizes(a, 0).toString();
        case "given" -> !Value.isLeftOut(a.get(0));
        case "contains" -> list(a.get(0)).contains(a.get(1));
        case "part" -> Terms.part(list(a.get(0)), integer(a, 1), integer(a, 2));
        case "rank" -> (long) host.shape(a.get(0)).rank();
        case "dim" -> host.shape(a.get(0)).dim(host.shape(a.get(0)).axis(integer(a, 1)));
        case "axis" -> (long) host.shape(a.get(0)).axis(integer(a, 1));
        case "shape" -> list(host.shape(a.get(0)).dims());
        case "attribute" -> Terms.attribute(host.attributes(), (String) a.get(0), a.get(1));
        case "named" -> named(a);
        default -> Terms.elements(host.shape(a.get(0)), a);
      };
    }
  }

  /** So many numbers from {@code first} on, {@code step} apart. */
  private static List<Long> series(long first, long step, long count) {
    List<Long> series = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      series.add(first + i * step);
    }
    return series;
  }

  /** A map of names and terms by turns. */
  private static Map<Object, Object> named(List<Object> a) {
    Map<Object, Object> named = new HashMap<>();
    for (int i = 0; i + 1 < a.size(); i += 2) {
      named.put(a.get(i), a.get(i + 1));
    }
    return named;
  }

  private static List<?> part(List<?> list, long from, long to) {
    if (from < 0 || from > to || to > list.size()) {
      throw new ModelException(list + " has no elements " + from + " to " + to + " (excluded)");
    }
    return list.subList((int) from, (int) to);
  }

  private static List<?> drop(List<?> list, long first) {
    return list.subList((int) Math.min(first, list.size()), list.size());
  }

  private static Object elements(Shape shape, List<Object> a) {
    return a.size() == 1
        ? shape.elements()
        : shape.elements((int) integer(a, 1), (int) integer(a, 2));
  }

  private static Shape sizes(List<Object> arguments, int index) {
    return Shape.of(dims(arguments.get(index)));
  }

  /** The result of an operator between two terms: a node where one is a tensor. */
  static Object operation(Host host, Sign sign, Object left, Object right) {
    return switch (sign) {
      case EQUAL -> isSame(left, right);
      case UNEQUAL -> !isSame(left, right);
      case LESS -> real(left) < real(right);
      case AT_MOST -> real(left) <= real(right);
      case GREATER -> real(left) > real(right);
      case AT_LEAST -> real(left) >= real(right);
      default -> {
        if (left instanceof Long a && right instanceof Long b) {
          yield integers(sign, a, b);
        }
        boolean areNumbers = left instanceof Number && right instanceof Number;
        yield areNumbers
            ? (Object) reals(sign, real(left), real(right))
            : host.combined(sign.text, left, right);
      }
    };
  }

  private static boolean isSame(Object left, Object right) {
    return (left instanceof Number && right instanceof Number)
        ? real(left) == real(right)
        : left.equals(right);
  }

  private static long integers(Sign sign, long a, long b) {
    if (b == 0 && (sign == Sign.BY || sign == Sign.REMAINDER)) {
      throw new ModelException("the division of " + a + " by 0");
    }
    return switch (sign) {
      case PLUS -> Sizes.add(a, b);
      case MINUS -> a - b;
      case TIMES -> Sizes.multiply(a, b);
      case BY -> a / b;
      default -> a % b;
    };
  }

  private static double reals(Sign sign, double a, double b) {
    return switch (sign) {
      case PLUS -> a + b;
      case MINUS -> a - b;
      case TIMES -> a * b;
      case BY -> a / b;
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
    return all.has(name) ? list(all.integers(name).orElseThrow()) : absent;
  }

  /** An attribute of one of {@link #ATTRIBUTE_TYPES}. */
  static Object required(Attributes all, String name, String type) {
    return switch (type) {
      case "int" -> all.integer(name);
      case "float" -> (double) all.number(name);
      case "string" -> all.text(name);
      case "ints" -> list(all.integers(name).orElseThrow());
      case "floats" -> all.numbers(name).orElseThrow().stream().map(Float::doubleValue).toList();
      default -> List.<Object>copyOf(all.texts(name).orElseThrow());
    };
  }

  /** Terms as the attributes of an ONNX node. */
  public static Attributes attributes(Map<String, Object> terms) {
    Map<String, Object> all = new HashMap<>();
    for (Map.Entry<String, Object> term : terms.entrySet()) {
      all.put(term.getKey(), attribute(term.getValue()));
    }
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
