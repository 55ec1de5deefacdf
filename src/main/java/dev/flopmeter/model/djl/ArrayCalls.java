package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.SparseFormat;
import dev.flopmeter.model.djl.TracedCalls.Call;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.DoubleStream;

/** The methods of DJL's arrays that record no operator. */
final class ArrayCalls {
  private ArrayCalls() {}

  static void addTo(Map<String, Call> calls) {
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
  }

  private static TracedArray array(TracedArray beside, Object given) {
    return beside.tracing().manager().traced((NDArray) given);
  }
}
