package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
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
 * rows of {@code calls.csv} and {@link ArrayCalls}, by their names and parameters. DJL's default
 * methods call these. Any other method is refused by its name, such as the steps of optimizers.
 */
final class TracedCalls implements InvocationHandler {
  /** What a method does with its arguments: gives arrays, or DJL's own result. */
  @FunctionalInterface
  interface Call {
    @Nullable Object apply(TracedArray array, Object[] given);
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
    CallEquations.addTo(calls);
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
    Object[] in = given == null ? new Object[0] : given;
    String name = method.getName();
    Call call = CALLS.get(signature(name, method.getParameterTypes()));
    if (call != null) {
      return shown(method, call.apply(array, in));
    }
    // A method in place has the name of another with an i behind it.
    String base = name.substring(0, name.length() - 1);
    Call notInPlace = CALLS.get(signature(base, method.getParameterTypes()));
    if (name.endsWith("i") && notInPlace != null) {
      return notInPlace.apply(array, in) instanceof List<?> result
          ? array.become((TracedArray) result.get(0)).shown()
          : null;
    }
    if (method.isDefault()) {
      return InvocationHandler.invokeDefault(proxy, method, given);
    }
    throw new UnsupportedOperationException(
        method.getDeclaringClass().getSimpleName() + "." + name);
  }

  /** The arrays that equations give, as the method returns them. */
  private static @Nullable Object shown(Method method, @Nullable Object result) {
    if (!(result instanceof List<?> list) || result instanceof NDList) {
      return result;
    }
    List<NDArray> arrays = list.stream().map(each -> ((TracedArray) each).shown()).toList();
    return method.getReturnType() == NDList.class ? new NDList(arrays) : arrays.get(0);
  }
}
