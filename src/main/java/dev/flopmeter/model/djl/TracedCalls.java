package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.DataType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What DJL calls on an array. Its two interfaces have 300 methods; those that can be traced are
 * rows of {@link ArrayCalls} and {@link LayerCalls}, by their names and parameters. DJL's default
 * methods call these. Any other method is refused by its name, such as the steps of optimizers.
 */
final class TracedCalls implements InvocationHandler {
  /** What a method does: gives a {@link TracedArray}, a list of them, or DJL's own result. */
  @FunctionalInterface
  interface Call {
    @Nullable Object apply(TracedArray array, Arguments arguments);
  }

  /** By {@link #signature}. */
  static final Map<String, Call> CALLS = calls();

  private final TracedArray array;

  private TracedCalls(TracedArray array) {
    this.array = array;
  }

  private static Map<String, Call> calls() {
    Map<String, Call> calls = new HashMap<>();
    ArrayCalls.addTo(calls);
    LayerCalls.addTo(calls);
    return Map.copyOf(calls);
  }

  /** {@code flatten(int,int)}: a method's name and the simple names of its parameters' types. */
  static String signature(String name, Class<?>... parameters) {
    return Arrays.stream(parameters)
        .map(Class::getSimpleName)
        .collect(Collectors.joining(",", name + "(", ")"));
  }

  /** The array that DJL's code gets for {@code array}. */
  static NDArray inFrontOf(TracedArray array) {
    Class<?>[] interfaces = {NDArray.class, NDArrayEx.class};
    return (NDArray)
        Proxy.newProxyInstance(NDArray.class.getClassLoader(), interfaces, new TracedCalls(array));
  }

  /** The array behind one that {@link #inFrontOf} made; null for others. */
  static @Nullable TracedArray behind(NDArray shown) {
    return Proxy.isProxyClass(shown.getClass())
            && Proxy.getInvocationHandler(shown) instanceof TracedCalls calls
        ? calls.array
        : null;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given)
      throws Throwable {
    Arguments arguments = new Arguments(array, given == null ? new Object[0] : given);
    String name = method.getName();
    Call call = CALLS.get(signature(name, method.getParameterTypes()));
    if (call != null) {
      return shown(call.apply(array, arguments));
    }
    // A method in place has the name of another with an i behind it.
    String base = name.substring(0, name.length() - 1);
    Call notInPlace = CALLS.get(signature(base, method.getParameterTypes()));
    if (name.endsWith("i") && notInPlace != null) {
      TracedArray result = (TracedArray) notInPlace.apply(array, arguments);
      return result == null ? null : array.become(result).shown();
    }
    if (method.isDefault()) {
      return InvocationHandler.invokeDefault(proxy, method, given);
    }
    throw new UnsupportedOperationException(
        method.getDeclaringClass().getSimpleName() + "." + name);
  }

  private static @Nullable Object shown(@Nullable Object result) {
    if (result instanceof TracedArray traced) {
      return traced.shown();
    }
    if (!(result instanceof List<?> list) || result instanceof NDList) {
      return result;
    }
    NDList arrays = new NDList(list.size());
    list.forEach(each -> arrays.add(((TracedArray) each).shown()));
    return arrays;
  }

  /** The arguments of one call, by position. */
  static final class Arguments {
    private final TracedArray of;
    private final Object[] values;

    private Arguments(TracedArray of, Object[] values) {
      this.of = of;
      this.values = values;
    }

    Object get(int index) {
      return values[index];
    }

    /** An array, or a number as one. */
    TracedArray array(int index) {
      return values[index] instanceof Number number
          ? of.scalar(number)
          : traced((NDArray) values[index]);
    }

    /** An array that may be missing, such as a bias. */
    @Nullable TracedArray optional(int index) {
      return values[index] == null ? null : array(index);
    }

    List<TracedArray> arrays(int index) {
      return ((NDList) values[index]).stream().map(this::traced).toList();
    }

    private TracedArray traced(NDArray array) {
      return of.tracing().manager().traced(array);
    }

    /** The numbers of a shape or of an array of longs. */
    long[] longs(int index) {
      return values[index] instanceof Shape shape ? shape.getShape() : (long[]) values[index];
    }

    int integer(int index) {
      return ((Number) values[index]).intValue();
    }

    int[] ints(int index) {
      return (int[]) values[index];
    }

    /** An axis of the array, from its start. */
    int axis(int index) {
      return of.axis(integer(index));
    }

    DataType type(int index) {
      return DjlTypes.type((ai.djl.ndarray.types.DataType) values[index]);
    }

    double number(int index) {
      return ((Number) values[index]).doubleValue();
    }

    boolean isTrue(int index) {
      return (boolean) values[index];
    }

    /** A boolean as an attribute of ONNX: 1 or 0. */
    int flag(int index) {
      return isTrue(index) ? 1 : 0;
    }
  }
}
