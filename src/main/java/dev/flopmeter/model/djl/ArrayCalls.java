package dev.flopmeter.model.djl;

import ai.djl.ndarray.types.SparseFormat;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.djl.TracedCalls.Arguments;
import dev.flopmeter.model.djl.TracedCalls.Call;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** The methods of DJL's {@code NDArray}, and the operators without parameters of NDArrayEx. */
final class ArrayCalls {
  /** Methods without parameters. */
  static final Map<String, String> UNARY =
      table(
          "abs Abs sqrt Sqrt neg Neg sign Sign floor Floor ceil Ceil round Round exp Exp log Log",
          "sin Sin cos Cos tan Tan asin Asin acos Acos atan Atan sinh Sinh cosh Cosh tanh Tanh",
          "asinh Asinh acosh Acosh atanh Atanh erf Erf isNaN IsNaN isInfinite IsInf",
          "relu Relu sigmoid Sigmoid softPlus Softplus softSign Softsign selu Selu gelu Gelu");

  /** Reductions of all axes, or of a list of axes and a flag that keeps them. */
  static final Map<String, String> REDUCED =
      table("sum ReduceSum mean ReduceMean max ReduceMax min ReduceMin prod ReduceProd");

  /** Methods of two arrays, or an array and a number; {@code rsub} subtracts from the other. */
  static final Map<String, BinaryOperator<TracedArray>> BINARY = binary();

  private ArrayCalls() {}

  private static Map<String, String> table(String... rows) {
    String[] words = String.join(" ", rows).split(" ", -1);
    return IntStream.range(0, words.length / 2)
        .boxed()
        .collect(Collectors.toUnmodifiableMap(i -> words[2 * i], i -> words[2 * i + 1]));
  }

  private static Map<String, BinaryOperator<TracedArray>> binary() {
    Map<String, BinaryOperator<TracedArray>> methods = new TreeMap<>();
    table(
            "add Add sub Sub mul Mul maximum Max minimum Min",
            "eq Equal gt Greater gte GreaterOrEqual lt Less lte LessOrEqual")
        .forEach((name, op) -> methods.put(name, (a, b) -> a.binary(op, b)));
    table("pow Pow dot MatMul matMul MatMul batchMatMul MatMul batchDot MatMul")
        .forEach((name, op) -> methods.put(name, (a, b) -> a.op(op, a, b)));
    table("logicalAnd And logicalOr Or logicalXor Xor")
        .forEach(
            (name, op) ->
                methods.put(
                    name, (a, b) -> a.op(op, a.cast(DataType.BOOL), b.cast(DataType.BOOL))));
    methods.put("div", TracedArray::quotient);
    methods.put("mod", TracedArray::remainder);
    methods.put("neq", (a, b) -> a.op("Not", a.binary("Equal", b)));
    for (String name : List.of("div", "mod", "sub", "pow")) {
      BinaryOperator<TracedArray> method = Objects.requireNonNull(methods.get(name));
      methods.put("r" + name, (a, b) -> method.apply(b, a));
    }
    return methods;
  }

  static void addTo(Map<String, Call> calls) {
    ofTheArrayItself(calls);
    UNARY.forEach((name, op) -> calls.put(name + "()", (x, in) -> x.op(op, x)));
    BINARY.forEach(
        (name, method) -> {
          calls.put(name + "(NDArray)", (x, in) -> method.apply(x, in.array(0)));
          calls.put(name + "(Number)", (x, in) -> method.apply(x, in.array(0)));
        });
    elementwise(calls);
    layouts(calls);
    selections(calls);
    reductions(calls);
  }

  private static void ofTheArrayItself(Map<String, Call> calls) {
    for (String ignored :
        List.of(
            "attach(NDManager)",
            "tempAttach(NDManager)",
            "detach()",
            "close()",
            "setRequiresGradient(boolean)")) {
      calls.put(ignored, (x, in) -> null);
    }
    for (String same : List.of("toDevice(Device,boolean)", "stopGradient()", "getArray()")) {
      calls.put(same, (x, in) -> x);
    }
    calls.put("equals(Object)", (x, in) -> x.shown() == in.get(0));
    calls.put("hashCode()", (x, in) -> System.identityHashCode(x));
    calls.put("toString()", (x, in) -> x.toString());
    calls.put("getNDArrayInternal()", (x, in) -> x.shown());
    calls.put("getManager()", (x, in) -> x.tracing().manager().shown());
    calls.put("getUid()", (x, in) -> x.value());
    calls.put("getName()", (x, in) -> x.name());
    calls.put("setName(String)", (x, in) -> x.name((String) in.get(0)));
    calls.put("getShape()", (x, in) -> DjlTypes.shape(x.dims()));
    calls.put("getDataType()", (x, in) -> DjlTypes.type(x.type().type()));
    calls.put("getSparseFormat()", (x, in) -> SparseFormat.DENSE);
    calls.put("getDevice()", (x, in) -> x.tracing().askedForDevice(x));
    calls.put("isReleased()", (x, in) -> false);
    calls.put("hasGradient()", (x, in) -> false);
    calls.put("intern(NDArray)", (x, in) -> x.become(in.array(0)));
    calls.put("duplicate()", (x, in) -> new TracedArray(x.tracing(), x.value(), x.type()));
    calls.put("toType(DataType,boolean)", (x, in) -> x.cast(in.type(0)));
    calls.put("toByteBuffer(boolean)", (x, in) -> x.numbers().data());
    calls.put(
        "contentEquals(NDArray)",
        (x, in) -> Arrays.equals(x.numbers().toDoubles(), in.array(0).numbers().toDoubles()));
    calls.put(
        "contentEquals(Number)",
        (x, in) -> DoubleStream.of(x.numbers().toDoubles()).allMatch(each -> each == in.number(0)));
  }

  private static void elementwise(Map<String, Call> calls) {
    calls.put(
        "clip(Number,Number)",
        (x, in) -> x.op("Clip", x, x.like(in.number(0)), x.like(in.number(1))));
    calls.put("square()", (x, in) -> x.op("Mul", x, x));
    calls.put("cbrt()", (x, in) -> x.op("Pow", x, x.scalar(1.0 / 3)));
    calls.put("log2()", (x, in) -> x.op("Log", x).times(1 / Math.log(2)));
    calls.put("log10()", (x, in) -> x.op("Log", x).times(1 / Math.log(10)));
    calls.put("toRadians()", (x, in) -> x.times(Math.PI / 180));
    calls.put("toDegrees()", (x, in) -> x.times(180 / Math.PI));
    calls.put("logicalNot()", (x, in) -> x.op("Not", x.cast(DataType.BOOL)));
  }

  private static void layouts(Map<String, Call> calls) {
    calls.put("reshape(Shape)", ArrayCalls::reshape);
    calls.put("flatten()", (x, in) -> x.reshaped(-1));
    calls.put("flatten(int,int)", (x, in) -> flatten(x, in.axis(0), in.axis(1)));
    calls.put("expandDims(int)", (x, in) -> x.unsqueezed(in.integer(0)));
    calls.put("squeeze(int[])", (x, in) -> x.squeezed(in.ints(0)));
    calls.put(
        "transpose()",
        (x, in) -> x.permuted(IntStream.range(0, x.rank()).map(i -> x.rank() - 1 - i).toArray()));
    calls.put(
        "transpose(int[])",
        (x, in) -> x.permuted(Arrays.stream(in.ints(0)).map(x::axis).toArray()));
    calls.put("flip(int[])", (x, in) -> flip(x, in.ints(0)));
    calls.put("broadcast(Shape)", (x, in) -> x.op("Expand", x, x.longs(in.longs(0))));
    calls.put("tile(long[])", (x, in) -> x.op("Tile", x, x.longs(in.longs(0))));
    calls.put("tile(Shape)", (x, in) -> x.op("Tile", x, x.longs(in.longs(0))));
    calls.put(
        "tile(long)",
        (x, in) ->
            x.op(
                "Tile",
                x,
                x.longs(LongStream.generate(() -> in.integer(0)).limit(x.rank()).toArray())));
    calls.put(
        "tile(int,long)",
        (x, in) -> {
          long[] repeats = LongStream.generate(() -> 1).limit(x.rank()).toArray();
          repeats[in.axis(0)] = in.integer(1);
          return x.op("Tile", x, x.longs(repeats));
        });
    calls.put("repeat(int,long)", (x, in) -> repeat(x, in.axis(0), in.integer(1)));
    calls.put("repeat(long[])", (x, in) -> repeat(x, in.longs(0)));
    calls.put("repeat(Shape)", (x, in) -> repeat(x, in.longs(0)));
    calls.put("pad(Shape,double)", ArrayCalls::pad);
  }

  private static TracedArray reshape(TracedArray x, Arguments in) {
    long[] wanted = in.longs(0);
    boolean isOpen = LongStream.of(wanted).anyMatch(dim -> dim == -1);
    if (!isOpen && Sizes.product(wanted) != x.dims().elements()) {
      throw new ModelException("an array " + x.dims() + " cannot take the shape " + in.get(0));
    }
    return x.reshaped(wanted);
  }

  private static TracedArray flatten(TracedArray x, int first, int last) {
    Shape dims = x.dims();
    Shape middle = Shape.of(dims.elements(first, last + 1));
    return x.reshaped(
        dims.slice(0, first).concat(middle).concat(dims.slice(last + 1, x.rank())).dims());
  }

  private static TracedArray flip(TracedArray x, int... given) {
    int[] axes = Arrays.stream(given).map(x::axis).toArray();
    long[] back = new long[axes.length];
    long[] ends = new long[axes.length];
    Arrays.fill(back, -1);
    Arrays.fill(ends, Long.MIN_VALUE);
    return x.sliced(back, ends, axes, back);
  }

  /** Repeats each element of the axis {@code repeats} times in place. */
  private static TracedArray repeat(TracedArray x, int axis, long repeats) {
    Shape dims = x.dims();
    TracedArray wide = x.unsqueezed(axis + 1L);
    return x.op("Expand", wide, x.longs(dims.inserted(axis + 1L, repeats).dims()))
        .reshaped(dims.with(axis, Sizes.multiply(dims.dim(axis), repeats)).dims());
  }

  private static TracedArray repeat(TracedArray x, long... repeats) {
    TracedArray result = x;
    for (int axis = 0; axis < repeats.length; axis++) {
      result = repeats[axis] == 1 ? result : repeat(result, axis, repeats[axis]);
    }
    return result;
  }

  /** DJL gives the widths of the last axis first. */
  private static TracedArray pad(TracedArray x, Arguments in) {
    long[] widths = in.longs(0);
    long[] pads = new long[2 * x.rank()];
    for (int i = 0; i < widths.length / 2; i++) {
      int axis = x.rank() - 1 - i;
      pads[axis] = widths[2 * i];
      pads[x.rank() + axis] = widths[2 * i + 1];
    }
    return x.op("Pad", x, x.longs(pads), x.like(in.number(1)));
  }

  private static void selections(Map<String, Call> calls) {
    calls.put("split(long,int)", (x, in) -> split(x, in.integer(0), in.integer(1)));
    calls.put("split(long[],int)", (x, in) -> split(x, in.longs(0), in.axis(1)));
    calls.put("take(NDManager,NDArray)", (x, in) -> x.reshaped(-1).taken(in.array(1), 0));
    calls.put(
        "gather(NDArray,int)",
        (x, in) ->
            x.op("GatherElements", Attributes.of("axis", in.get(1)), x, in.array(0).indices()));
    calls.put("gatherNd(NDArray)", (x, in) -> gatherNd(x, in.array(0).indices()));
    calls.put("oneHot(int,float,float,DataType)", ArrayCalls::oneHot);
    calls.put(
        "topK(int,int,boolean,boolean)",
        (x, in) -> topK(x, in.integer(0), in.integer(1), in.isTrue(2), in.isTrue(3)));
    calls.put("argSort(int,boolean)", (x, in) -> sorted(x, in.integer(0), !in.isTrue(1)).get(1));
    calls.put("sort(int)", (x, in) -> sorted(x, in.integer(0), false).get(0));
    calls.put("sort()", (x, in) -> sorted(x, -1, false).get(0));
  }

  private static List<TracedArray> split(TracedArray x, long sections, int axis) {
    long size = x.dims().dim(axis);
    if (sections < 1 || size % sections != 0) {
      throw new ModelException(
          "axis %d of %s does not split into %d equal parts".formatted(axis, x.dims(), sections));
    }
    long part = size / sections;
    return split(x, LongStream.range(1, sections).map(i -> i * part).toArray(), x.axis(axis));
  }

  private static List<TracedArray> split(TracedArray x, long[] cuts, int axis) {
    long[] sizes = new long[cuts.length + 1];
    for (int i = 0; i < sizes.length; i++) {
      long from = i == 0 ? 0 : cuts[i - 1];
      long to = i == cuts.length ? x.dims().dim(axis) : cuts[i];
      if (to < from) {
        throw new ModelException(
            "the cuts %s do not fit axis %d of %s"
                .formatted(Arrays.toString(cuts), axis, x.dims()));
      }
      sizes[i] = to - from;
    }
    return cuts.length == 0
        ? List.of(x)
        : x.tracing()
            .applyMany("Split", Attributes.of("axis", axis), sizes.length, x, x.longs(sizes));
  }

  /** DJL's index holds the coordinates along its first axis, ONNX's along its last. */
  private static TracedArray gatherNd(TracedArray x, TracedArray index) {
    int rank = index.rank();
    int[] order = IntStream.range(0, rank).map(i -> (i + 1) % rank).toArray();
    return x.op("GatherND", x, index.permuted(order));
  }

  private static TracedArray oneHot(TracedArray x, Arguments in) {
    Trace trace = x.tracing();
    TracedArray values =
        trace.constant(
            DenseTensor.ofDoubles(
                new TensorType(in.type(3), Shape.of(2)), in.number(2), in.number(1)));
    return x.op("OneHot", x.indices(), trace.scalar(in.integer(0), DataType.INT64), values);
  }

  private static List<TracedArray> topK(
      TracedArray x, long k, int axis, boolean isLargest, boolean isSorted) {
    Attributes attributes =
        Attributes.of("axis", axis, "largest", isLargest ? 1 : 0, "sorted", isSorted ? 1 : 0);
    return x.tracing().applyMany("TopK", attributes, 2, x, x.longs(k));
  }

  /** Sorts along an axis: the values, then their indices. */
  private static List<TracedArray> sorted(TracedArray x, int axis, boolean isDescending) {
    return topK(x, x.dims().dim(axis), axis, isDescending, true);
  }

  private static void reductions(Map<String, Call> calls) {
    REDUCED.forEach(
        (name, op) -> {
          calls.put(name + "()", (x, in) -> x.reduced(op, false));
          calls.put(name + "(int[],boolean)", (x, in) -> x.reduced(op, in.ints(0), in.isTrue(1)));
        });
    for (String op : List.of("ArgMax", "ArgMin")) {
      String name = "a" + op.substring(1);
      calls.put(name + "()", (x, in) -> extreme(op, x.reshaped(-1), 0));
      calls.put(name + "(int)", (x, in) -> extreme(op, x, in.integer(0)));
    }
    calls.put("norm(boolean)", (x, in) -> x.reduced("ReduceL2", in.isTrue(0)));
    calls.put(
        "norm(int,int[],boolean)", (x, in) -> norm(x, in.integer(0), in.isTrue(2), in.ints(1)));
    calls.put(
        "normalize(double,long,double)",
        (x, in) -> {
          TracedArray length = norm(x, in.integer(0), true, in.integer(1));
          return x.quotient(length.binary("Max", length.scalar(in.number(2))));
        });
    calls.put("softmax(int)", (x, in) -> x.op("Softmax", Attributes.of("axis", in.get(0)), x));
    calls.put(
        "logSoftmax(int)", (x, in) -> x.op("LogSoftmax", Attributes.of("axis", in.get(0)), x));
    calls.put("cumSum(int)", (x, in) -> sums(x, in.axis(0)));
    calls.put("cumSum()", (x, in) -> sums(x.reshaped(-1), 0));
  }

  private static TracedArray extreme(String op, TracedArray x, int axis) {
    return x.op(op, Attributes.of("axis", axis, "keepdims", 0), x);
  }

  private static TracedArray norm(TracedArray x, int order, boolean keep, int... axes) {
    if (order != 1 && order != 2) {
      throw new UnsupportedOperationException("NDArray.norm of order " + order);
    }
    return x.reduced("ReduceL" + order, axes, keep);
  }

  private static TracedArray sums(TracedArray x, int axis) {
    return x.op("CumSum", x, x.tracing().scalar(axis, DataType.INT64));
  }
}
