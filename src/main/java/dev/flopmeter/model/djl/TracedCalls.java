package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import dev.flopmeter.model.DataType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What DJL calls on an array. Its two interfaces have 300 methods, most of which only name an
 * operator: these are the tables here. The others are methods of {@link TracedArray} and {@link
 * TracedLayers} with DJL's names and parameters. A method that is neither is refused by its name,
 * as the steps of optimizers are.
 */
final class TracedCalls implements InvocationHandler {
  /** Methods without parameters. */
  static final Map<String, String> UNARY =
      table(
          "abs Abs sqrt Sqrt neg Neg sign Sign floor Floor ceil Ceil round Round exp Exp log Log",
          "sin Sin cos Cos tan Tan asin Asin acos Acos atan Atan sinh Sinh cosh Cosh tanh Tanh",
          "asinh Asinh acosh Acosh atanh Atanh erf Erf isNaN IsNaN isInfinite IsInf",
          "relu Relu sigmoid Sigmoid softPlus Softplus softSign Softsign selu Selu gelu Gelu");

  /** Methods of two arrays, or an array and a number, that are brought to one element type. */
  static final Map<String, String> PROMOTED =
      table(
          "add Add sub Sub mul Mul maximum Max minimum Min",
          "eq Equal gt Greater gte GreaterOrEqual lt Less lte LessOrEqual");

  /** Methods of two arrays that keep their element types. */
  static final Map<String, String> UNPROMOTED =
      table("pow Pow dot MatMul matMul MatMul batchMatMul MatMul batchDot MatMul");

  static final Map<String, String> LOGICAL = table("logicalAnd And logicalOr Or logicalXor Xor");

  /** All methods of two arrays, or an array and a number; {@code rsub} subtracts from the other. */
  static final Set<String> BINARY =
      Stream.of(
              PROMOTED.keySet(),
              UNPROMOTED.keySet(),
              LOGICAL.keySet(),
              Set.of("div", "mod", "neq", "rdiv", "rsub", "rmod", "rpow"))
          .flatMap(Set::stream)
          .collect(Collectors.toUnmodifiableSet());

  /** Methods of all axes, or of a list of axes and whether they are kept. */
  static final Map<String, String> REDUCED =
      table("sum ReduceSum mean ReduceMean max ReduceMax min ReduceMin prod ReduceProd");

  /** Methods that exist in place, too, with an {@code i} behind their names. */
  private static final Set<String> IN_PLACE =
      Set.of(
          "add", "sub", "mul", "div", "mod", "pow", "neg", "sign", "rdiv", "rsub", "rmod", "rpow");

  private final TracedArray array;
  private final TracedLayers layers;

  private TracedCalls(TracedArray array) {
    this.array = array;
    this.layers = new TracedLayers(array);
  }

  /** The array that DJL's code gets for {@code array}. */
  static NDArray inFrontOf(TracedArray array) {
    Class<?>[] interfaces = {NDArray.class, NDArrayEx.class};
    return (NDArray)
        Proxy.newProxyInstance(NDArray.class.getClassLoader(), interfaces, new TracedCalls(array));
  }

  /** The array behind one that {@link #inFrontOf} made; null for others. */
  static @Nullable TracedArray behind(NDArray shown) {
    if (shown instanceof TracedArray traced) {
      return traced;
    }
    return Proxy.isProxyClass(shown.getClass())
            && Proxy.getInvocationHandler(shown) instanceof TracedCalls calls
        ? calls.array
        : null;
  }

  private static Map<String, String> table(String... rows) {
    String[] words = String.join(" ", rows).split(" ", -1);
    return IntStream.range(0, words.length / 2)
        .boxed()
        .collect(Collectors.toUnmodifiableMap(i -> words[2 * i], i -> words[2 * i + 1]));
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given)
      throws Throwable {
    Object[] arguments = given == null ? new Object[0] : given;
    if (method.getDeclaringClass() == Object.class && method.getName().equals("equals")) {
      return proxy == arguments[0];
    }
    Object result = fromTables(method, arguments);
    if (result == null) {
      result = typed(proxy, method, arguments);
    }
    if (result instanceof TracedArray traced) {
      return traced.shown();
    }
    return result instanceof NDList list
        ? new NDList(list.stream().map(each -> array.operand(each).shown()).toList())
        : result;
  }

  private @Nullable TracedArray fromTables(Method method, Object[] arguments) {
    String name = method.getName();
    String base = name.endsWith("i") ? name.substring(0, name.length() - 1) : name;
    if (IN_PLACE.contains(base) && !base.equals(name)) {
      TracedArray result = fromTables(base, method.getParameterTypes(), arguments);
      return result == null ? null : array.become(result);
    }
    return fromTables(name, method.getParameterTypes(), arguments);
  }

  private @Nullable TracedArray fromTables(String name, Class<?>[] types, Object[] arguments) {
    if (types.length == 0) {
      String op = UNARY.get(name);
      String reduction = REDUCED.get(name);
      return op != null
          ? array.op(op, array)
          : reduction != null ? array.reducedWhole(reduction) : null;
    }
    if (types.length == 1 && BINARY.contains(name)) {
      TracedArray other =
          arguments[0] instanceof Number number
              ? array.scalar(number)
              : array.operand((NDArray) arguments[0]);
      return binary(array, name, other);
    }
    if (types.length == 2 && types[0] == int[].class && REDUCED.containsKey(name)) {
      return array.reduced(REDUCED.get(name), (int[]) arguments[0], (boolean) arguments[1]);
    }
    return null;
  }

  private static TracedArray binary(TracedArray left, String name, TracedArray right) {
    if (PROMOTED.containsKey(name)) {
      return left.binary(PROMOTED.get(name), right);
    }
    if (UNPROMOTED.containsKey(name)) {
      return left.op(UNPROMOTED.get(name), left, right);
    }
    if (LOGICAL.containsKey(name)) {
      return left.op(LOGICAL.get(name), left.cast(DataType.BOOL), right.cast(DataType.BOOL));
    }
    return switch (name) {
      case "div" -> left.quotient(right);
      case "mod" -> left.remainder(right);
      case "neq" -> left.op("Not", left.binary("Equal", right));
      case "rdiv", "rsub", "rmod", "rpow" -> binary(right, name.substring(1), left);
      default -> throw new IllegalArgumentException(name);
    };
  }

  private @Nullable Object typed(Object proxy, Method method, Object[] arguments) throws Throwable {
    Object target = method.getDeclaringClass() == NDArrayEx.class ? layers : array;
    Method ours = find(target.getClass(), method);
    if (ours != null && !ours.getDeclaringClass().isInterface()) {
      try {
        return ours.invoke(target, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
    if (method.isDefault()) {
      return InvocationHandler.invokeDefault(proxy, method, arguments);
    }
    throw new UnsupportedOperationException(
        method.getDeclaringClass().getSimpleName() + "." + method.getName());
  }

  private static @Nullable Method find(Class<?> type, Method wanted) {
    try {
      return type.getMethod(wanted.getName(), wanted.getParameterTypes());
    } catch (NoSuchMethodException e) {
      return null;
    }
  }
}
