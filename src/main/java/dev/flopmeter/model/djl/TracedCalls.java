package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.SparseFormat;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * What DJL calls on an array. Its two interfaces have 300 methods; those that can be traced are
 * listed here and in {@code calls.csv}, by their names and parameters. DJL's default methods call
 * these. Any other method is refused by its name, such as the steps of optimizers.
 */
record TracedCalls(TracedArray array) implements InvocationHandler {
  /** What a method does with its arguments: gives arrays, or DJL's own result. */
  @FunctionalInterface
  interface Call {
    @Nullable Object apply(TracedArray array, Object[] given);
  }

  /** By {@link #signature}. */
  static final Map<String, Call> CALLS = calls();

  private static Map<String, Call> calls() {
    Map<String, Call> calls = new HashMap<>();
    CallEquations.METHODS.forEach(
        (signature, method) ->
            calls.put(signature, (x, in) -> new CallEquations(x).results(method, in)));
    // The methods that record no operator.
    calls.put("attach(NDManager)", (x, in) -> null);
    calls.put("tempAttach(NDManager)", (x, in) -> null);
    calls.put("detach()", (x, in) -> null);
    calls.put("close()", (x, in) -> null);
    calls.put("setRequiresGradient(boolean)", (x, in) -> null);
    calls.put("equals(Object)", (x, in) -> x.shown() == in[0]);
    calls.put("hashCode()", (x, in) -> System.identityHashCode(x));
    calls.put("toString()", (x, in) -> x.toString());
    calls.put("getNDArrayInternal()", (x, in) -> x.shown());
    calls.put("getIndexer(NDManager)", (x, in) -> new SliceIndexer(x.tracing()));
    calls.put("getManager()", (x, in) -> x.tracing().manager().shown());
    calls.put("getUid()", (x, in) -> x.value());
    calls.put("getName()", (x, in) -> x.name());
    calls.put("setName(String)", (x, in) -> x.name((String) in[0]));
    calls.put("getShape()", (x, in) -> DjlTypes.shape(x.dims()));
    calls.put("getDataType()", (x, in) -> DjlTypes.type(x.type().type()));
    calls.put("getSparseFormat()", (x, in) -> SparseFormat.DENSE);
    calls.put("getDevice()", (x, in) -> x.tracing().askedForDevice(x));
    calls.put("isReleased()", (x, in) -> false);
    calls.put("hasGradient()", (x, in) -> false);
    calls.put("intern(NDArray)", (x, in) -> x.become(array(x, in[0])).shown());
    calls.put("duplicate()", (x, in) -> new TracedArray(x.tracing(), x.value(), x.type()).shown());
    calls.put("toByteBuffer(boolean)", (x, in) -> x.numbers().data());
    calls.put(
        "contentEquals(NDArray)",
        (x, in) -> Arrays.equals(x.numbers().toDoubles(), array(x, in[0]).numbers().toDoubles()));
    calls.put(
        "contentEquals(Number)",
        (x, in) -> {
          double wanted = ((Number) in[0]).doubleValue();
          return DoubleStream.of(x.numbers().toDoubles()).allMatch(each -> each == wanted);
        });
    return Map.copyOf(calls);
  }

  private static TracedArray array(TracedArray beside, Object given) {
    return beside.tracing().manager().traced((NDArray) given);
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
    // An in-place method has the name of another one plus an i.
    String base = name.substring(0, name.length() - 1);
    Call notInPlace = CALLS.get(signature(base, method.getParameterTypes()));
    if (name.endsWith("i") && notInPlace != null) {
      return notInPlace.apply(array, in) instanceof List<?> result
          ? array.become((TracedArray) result.get(0)).shown()
          : null;
    }
    return byDefault(proxy, method, given);
  }

  /** What DJL's default method makes of others; any other method is refused by its name. */
  static @Nullable Object byDefault(Object proxy, Method method, Object @Nullable [] given)
      throws Throwable {
    if (method.isDefault()) {
      return InvocationHandler.invokeDefault(proxy, method, given);
    }
    throw new UnsupportedOperationException(
        method.getDeclaringClass().getSimpleName() + "." + method.getName());
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
