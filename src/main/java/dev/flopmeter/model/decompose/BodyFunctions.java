package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.decompose.Body.Value;
import dev.flopmeter.model.shape.AttentionSizes;
import dev.flopmeter.model.shape.ProductOrder;
import dev.flopmeter.model.shape.Quantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** What the equations of {@code bodies.txt} can ask for and compute beside ONNX's operators. */
final class BodyFunctions {
  private BodyFunctions() {}

  /** From the arguments of a call. */
  @FunctionalInterface
  private interface Rule {
    Object of(Body body, List<Object> arguments);
  }

  /**
   * @param least arguments; {@code most} likewise
   */
  record BuiltIn(int least, int most, Rule rule) {
    boolean takes(int arguments) {
      return arguments >= least && arguments <= most;
    }

    Object of(Body body, List<Object> arguments) {
      return rule.of(body, arguments);
    }
  }

  static final Map<String, BuiltIn> ALL = all();

  private static Map<String, BuiltIn> all() {
    Map<String, BuiltIn> all = new HashMap<>();
    addNumbers(all);
    addShapes(all);
    addNode(all);
    addChecks(all);
    addConstants(all);
    return all;
  }

  private static void put(Map<String, BuiltIn> all, String name, int arguments, Rule rule) {
    all.put(name, new BuiltIn(arguments, arguments, rule));
  }

  private static void addNumbers(Map<String, BuiltIn> all) {
    put(all, "infinity", 0, (b, a) -> Double.POSITIVE_INFINITY);
    put(all, "min", 2, (b, a) -> Math.min(integer(a, 0), integer(a, 1)));
    put(all, "max", 2, (b, a) -> Math.max(integer(a, 0), integer(a, 1)));
    put(all, "sqrt", 1, (b, a) -> Math.sqrt(real(a.get(0))));
    put(all, "size", 1, (b, a) -> (long) list(a.get(0)).size());
    put(all, "repeat", 2, (b, a) -> Collections.nCopies((int) integer(a, 1), a.get(0)));
    put(all, "axes", 2, (b, a) -> LongStream.range(integer(a, 0), integer(a, 1)).boxed().toList());
    put(
        all,
        "drop",
        2,
        (b, a) -> list(a.get(0)).stream().skip(integer(a, 1)).toList()); // of a list's first
  }

  private static void addShapes(Map<String, BuiltIn> all) {
    put(all, "type", 1, (b, a) -> b.type((Value) a.get(0)).type());
    put(all, "rank", 1, (b, a) -> (long) shape(b, a).rank());
    put(all, "dim", 2, (b, a) -> shape(b, a).dim((int) integer(a, 1)));
    put(all, "axis", 2, (b, a) -> (long) shape(b, a).axis(integer(a, 1)));
    put(all, "shape", 1, (b, a) -> list(shape(b, a).dims()));
    put(all, "output_shape", 0, (b, a) -> list(b.in().output(0).shape().dims()));
    all.put(
        "elements",
        new BuiltIn(
            1,
            3,
            (b, a) ->
                a.size() == 1
                    ? shape(b, a).elements()
                    : shape(b, a).elements((int) integer(a, 1), (int) integer(a, 2))));
  }

  private static void addNode(Map<String, BuiltIn> all) {
    put(all, "given", 1, (b, a) -> !nameOf(a.get(0)).isEmpty());
    put(all, "wanted", 1, (b, a) -> b.in().hasOutput((int) integer(a, 0)));
    put(all, "input", 1, (b, a) -> b.input((int) integer(a, 0)));
    put(all, "input_count", 0, (b, a) -> (long) b.in().inputCount());
    put(all, "output_count", 0, (b, a) -> (long) b.in().outputCount());
    put(all, "index", 1, (b, a) -> (long) input(a, 0));
    put(all, "is_constant", 1, (b, a) -> b.in().isConstant(input(a, 0)));
    put(all, "is_known", 1, (b, a) -> b.in().value(input(a, 0)).isPresent());
    put(all, "values", 1, (b, a) -> list(b.in().requireLongs(input(a, 0))));
    put(all, "attention_sizes", 0, (b, a) -> byName(AttentionSizes.of(b.in())));
    put(
        all,
        "product_order",
        2,
        (b, a) -> {
          char operand = ((String) a.get(1)).charAt(0);
          int[] order = ProductOrder.of(b.in().attributes(), operand, shape(b, a).rank());
          return IntStream.of(order).asLongStream().boxed().toList();
        });
  }

  private static void addChecks(Map<String, BuiltIn> all) {
    put(all, "is_operator", 1, (b, a) -> Decompositions.typeRule((String) a.get(0)).isPresent());
    put(
        all,
        "checked_scale",
        1,
        (b, a) -> {
          Quantization.requireScale(b.in(), input(a, 0), false);
          return a.get(0);
        });
    put(
        all,
        "check_zero",
        2,
        (b, a) -> {
          Quantization.requireZeroPoint(b.in(), input(a, 0), input(a, 1));
          return Value.NONE;
        });
    put(
        all,
        "depends_on",
        1,
        (b, a) -> {
          throw new DataDependentException(nameOf(a.get(0)));
        });
  }

  private static void addConstants(Map<String, BuiltIn> all) {
    put(all, "scalar", 1, (b, a) -> b.constant(Tensor.ofLong(integer(a, 0))));
    put(
        all,
        "filled",
        3,
        (b, a) ->
            b.constant(
                FilledTensor.of(
                    TensorType.of((DataType) a.get(0), dims(a.get(1))), real(a.get(2)))));
    put(
        all,
        "floats",
        2,
        (b, a) -> {
          List<?> given = list(a.get(1));
          return b.constant(floats(i -> real(given.get(i)), dims(a.get(0))));
        });
    all.put(
        "range",
        new BuiltIn(1, 2, (b, a) -> b.constant(range(dims(a.size() == 1 ? list(a.get(0)) : a)))));
    put(
        all,
        "windows",
        3,
        (b, a) -> {
          long size = integer(a, 1);
          long step = integer(a, 2);
          return b.constant(longs(i -> i / size * step + i % size, integer(a, 0), size));
        });
    put(all, "later_keys", 3, (b, a) -> b.constant(laterKeys(dims(a))));
    put(all, "distance_buckets", 5, (b, a) -> b.constant(distanceBuckets(a)));
    put(all, "block_weights", 0, (b, a) -> b.constant(PackedWeights.ofBlocks(b.in())));
    put(all, "table_weights", 0, (b, a) -> b.constant(PackedWeights.ofTable(b.in())));
    put(all, "blob_weights", 0, (b, a) -> b.constant(PackedWeights.ofBlob(b.in())));
    put(
        all,
        "gathered_weights",
        1,
        (b, a) -> b.constant(PackedWeights.ofGathered(b.in(), integer(a, 0))));
    put(
        all,
        "expert_weights",
        3,
        (b, a) ->
            b.constant(PackedWeights.ofExperts(b.in(), input(a, 0), input(a, 1), integer(a, 2))));
    put(all, "block_size", 0, (b, a) -> BlockedWeights.block(b.in()));
    put(
        all,
        "blocked_weights",
        0,
        (b, a) -> {
          BlockedWeights found = BlockedWeights.of(b.in());
          return Map.of(
              "is_depthwise", found.isDepthwise(),
              "outputs", found.outputs(),
              "inputs", found.inputs(),
              "weights", b.constant(found.ordered()));
        });
  }

  /** The result of an operator between two terms: a node where one is a tensor. */
  static Object operation(Body body, String sign, Object left, Object right) {
    return switch (sign) {
      case "==" -> isSame(left, right);
      case "!=" -> !isSame(left, right);
      case "<" -> real(left) < real(right);
      case "<=" -> real(left) <= real(right);
      case ">" -> real(left) > real(right);
      case ">=" -> real(left) >= real(right);
      default -> arithmetic(body, sign, left, right);
    };
  }

  private static Object arithmetic(Body body, String sign, Object left, Object right) {
    if (left instanceof Number a && right instanceof Number b) {
      return a instanceof Long && b instanceof Long
          ? (Object) integers(sign, a.longValue(), b.longValue())
          : (Object) reals(sign, a.doubleValue(), b.doubleValue());
    }
    if (sign.equals("+") && (nameOf(left).isEmpty() || nameOf(right).isEmpty())) {
      return nameOf(left).isEmpty() ? right : left;
    }
    String op =
        switch (sign) {
          case "+" -> "Add";
          case "-" -> "Sub";
          case "*" -> "Mul";
          default -> "Div";
        };
    return body.add(1, op, Attributes.NONE, List.of(left, right)).get(0);
  }

  private static boolean isSame(Object left, Object right) {
    return (left instanceof Number && right instanceof Number)
        ? real(left) == real(right)
        : left.equals(right);
  }

  private static long integers(String sign, long a, long b) {
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

  /** A term as the value of an attribute. */
  static Object attribute(Object term) {
    if (term instanceof DataType type) {
      return type.code();
    } else if (term instanceof Boolean flag) {
      return flag ? 1L : 0L;
    }
    return term;
  }

  /** A list, or a list of the one term. */
  static List<?> list(Object term) {
    return term instanceof List<?> list ? list : List.of(term);
  }

  static List<Object> list(long[] numbers) {
    return new ArrayList<>(LongStream.of(numbers).boxed().toList());
  }

  static List<Object> list(float[] numbers) {
    return IntStream.range(0, numbers.length).<Object>mapToObj(i -> (double) numbers[i]).toList();
  }

  private static long integer(List<Object> arguments, int index) {
    return (Long) arguments.get(index);
  }

  private static double real(Object number) {
    return ((Number) number).doubleValue();
  }

  private static long[] dims(Object list) {
    return ((List<?>) list).stream().mapToLong(dim -> (Long) dim).toArray();
  }

  /** Of a value; another term has one that no value has. */
  private static String nameOf(Object term) {
    return term instanceof Value value ? value.name() : " ";
  }

  /** Which input of the node an argument is. */
  private static int input(List<Object> arguments, int index) {
    return ((Value) arguments.get(index)).input();
  }

  private static Shape shape(Body body, List<Object> arguments) {
    return body.type((Value) arguments.get(0)).shape();
  }

  private static Map<String, Object> byName(AttentionSizes sizes) {
    return Map.of(
        "batch", sizes.batch(),
        "heads", sizes.heads(),
        "key_heads", sizes.keyHeads(),
        "queries", sizes.queries(),
        "fresh", sizes.fresh(),
        "total", sizes.total(),
        "past", sizes.past(),
        "present", sizes.present(),
        "depth", sizes.depth(),
        "value_depth", sizes.valueDepth());
  }

  private static Tensor longs(IntToLongFunction each, long... dims) {
    long[] all = new long[Math.toIntExact(Sizes.product(dims))];
    Arrays.setAll(all, each);
    return DenseTensor.ofLongs(Shape.of(dims), all);
  }

  /** 0, 1, ... in a shape. */
  private static Tensor range(long... dims) {
    return longs(i -> i, dims);
  }

  private static Tensor floats(IntToDoubleFunction each, long... dims) {
    float[] all = new float[Math.toIntExact(Sizes.product(dims))];
    for (int i = 0; i < all.length; i++) {
      all[i] = (float) each.applyAsDouble(i);
    }
    return Tensor.ofFloats(Shape.of(dims), all);
  }

  /**
   * What hides the keys after each query.
   *
   * @param sizes queries, all keys, those before the first query
   */
  private static Tensor laterKeys(long... sizes) {
    long keys = sizes[1];
    return floats(i -> i % keys > i / keys + sizes[2] ? -Float.MAX_VALUE : 0, sizes[0], keys);
  }

  /**
   * The bucket of each query's distance to each key: the first half for single distances, the
   * others on a logarithmic scale (as T5 has them).
   *
   * @param a queries, keys, buckets, the largest distance, whether keys may be after a query
   */
  private static Tensor distanceBuckets(List<Object> a) {
    long keys = integer(a, 1);
    boolean isBothWays = (boolean) a.get(4);
    long count = isBothWays ? integer(a, 2) / 2 : integer(a, 2);
    long exact = count / 2;
    double most = Math.log((double) integer(a, 3) / exact);
    return longs(
        i -> {
          long distance = i % keys - i / keys;
          long first = isBothWays && distance > 0 ? count : 0;
          long far = isBothWays ? Math.abs(distance) : Math.max(0, -distance);
          double share = Math.log((double) far / exact) / most;
          long scaled = Math.min(count - 1, exact + (long) (share * (count - exact)));
          return first + (far < exact ? far : scaled);
        },
        integer(a, 0),
        keys);
  }
}
