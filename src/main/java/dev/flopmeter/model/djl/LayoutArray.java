package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Operations that move elements or pick some of them. */
abstract class LayoutArray extends ElementwiseArray {
  LayoutArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  final TracedArray reshaped(long... target) {
    return op("Reshape", self(), tracing().longs(target));
  }

  /**
   * A weight kept in another layout, without an operator that turns it at run time. Values that are
   * no stored weight are turned (two axes swapped) or reshaped by one.
   */
  final TracedArray storedAs(dev.flopmeter.model.Shape other) {
    return tracing().storedAs(self(), other);
  }

  final TracedArray unsqueezed(long axis) {
    return op("Unsqueeze", self(), tracing().longs(axis));
  }

  final TracedArray permuted(int... axes) {
    boolean isSame = IntStream.range(0, axes.length).allMatch(i -> axes[i] == i);
    long[] order = Arrays.stream(axes).asLongStream().toArray();
    return isSame ? self() : op("Transpose", Attributes.of("perm", order), self());
  }

  @Override
  public NDArray reshape(Shape target) {
    long[] wanted = target.getShape();
    long open = Arrays.stream(wanted).filter(dim -> dim == -1).count();
    if (open == 0 && Sizes.product(wanted) != dims().elements()) {
      throw new ModelException("an array " + dims() + " cannot take the shape " + target);
    }
    return reshaped(wanted);
  }

  @Override
  public NDArray flatten() {
    return reshaped(-1);
  }

  @Override
  public NDArray flatten(int from, int to) {
    int first = axis(from);
    int last = axis(to);
    long middle = dims().elements(first, last + 1);
    return reshaped(
        dims()
            .slice(0, first)
            .concat(dev.flopmeter.model.Shape.of(middle))
            .concat(dims().slice(last + 1, rank()))
            .dims());
  }

  @Override
  public NDArray expandDims(int axis) {
    return unsqueezed(axis);
  }

  @Override
  public NDArray squeeze() {
    return squeeze(IntStream.range(0, rank()).filter(axis -> dims().dim(axis) == 1).toArray());
  }

  @Override
  public NDArray squeeze(int[] axes) {
    long[] list = Arrays.stream(axes).asLongStream().toArray();
    return list.length == 0 ? self() : op("Squeeze", self(), tracing().longs(list));
  }

  @Override
  public NDArray transpose() {
    return permuted(IntStream.range(0, rank()).map(axis -> rank() - 1 - axis).toArray());
  }

  @Override
  public NDArray transpose(int... axes) {
    return permuted(Arrays.stream(axes).map(this::axis).toArray());
  }

  @Override
  public NDArray flip(int... axes) {
    long[] list = Arrays.stream(axes).map(this::axis).asLongStream().toArray();
    long[] starts = new long[list.length];
    long[] ends = new long[list.length];
    long[] steps = new long[list.length];
    Arrays.fill(starts, -1);
    Arrays.fill(ends, Long.MIN_VALUE);
    Arrays.fill(steps, -1);
    return sliced(starts, ends, list, steps);
  }

  final TracedArray sliced(long[] starts, long[] ends, long[] axes, long[] steps) {
    Trace trace = tracing();
    return op(
        "Slice",
        self(),
        trace.longs(starts),
        trace.longs(ends),
        trace.longs(axes),
        trace.longs(steps));
  }

  /** The part {@code from} to {@code to}-1 of one axis. */
  final TracedArray sliced(int axis, long from, long to) {
    return sliced(new long[] {from}, new long[] {to}, new long[] {axis}, new long[] {1});
  }

  @Override
  public NDArray broadcast(Shape target) {
    return op("Expand", self(), tracing().longs(target.getShape()));
  }

  @Override
  public NDArray tile(long[] repeats) {
    return op("Tile", self(), tracing().longs(repeats));
  }

  @Override
  public NDArray tile(long repeats) {
    long[] all = new long[rank()];
    Arrays.fill(all, repeats);
    return tile(all);
  }

  @Override
  public NDArray tile(int axis, long repeats) {
    long[] all = new long[rank()];
    Arrays.fill(all, 1);
    all[axis(axis)] = repeats;
    return tile(all);
  }

  @Override
  public NDArray tile(Shape wanted) {
    return tile(wanted.getShape());
  }

  /** Each element of the axis {@code repeats} times, one after the other. */
  @Override
  public NDArray repeat(int axis, long repeats) {
    int at = axis(axis);
    long[] doubled =
        dims()
            .slice(0, at + 1)
            .concat(dev.flopmeter.model.Shape.of(repeats))
            .concat(dims().slice(at + 1, rank()))
            .dims();
    TracedArray wide = unsqueezed(at + 1);
    return wide.op("Expand", wide, tracing().longs(doubled))
        .reshaped(dims().with(at, Sizes.multiply(dims().dim(at), repeats)).dims());
  }

  @Override
  public NDArray repeat(long[] repeats) {
    NDArray result = self();
    for (int axis = 0; axis < repeats.length; axis++) {
      result = repeats[axis] == 1 ? result : result.repeat(axis, repeats[axis]);
    }
    return result;
  }

  @Override
  public NDArray repeat(Shape wanted) {
    return repeat(wanted.getShape());
  }

  @Override
  public NDList split(long sections, int axis) {
    long size = dims().dim(axis);
    if (sections < 1 || size % sections != 0) {
      throw new ModelException(
          "axis " + axis + " of " + dims() + " does not split into " + sections + " equal parts");
    }
    long part = size / sections;
    return split(LongStream.range(1, sections).map(i -> i * part).toArray(), axis);
  }

  @Override
  public NDList split(long[] cuts, int axis) {
    int at = axis(axis);
    long[] sizes = new long[cuts.length + 1];
    for (int i = 0; i < sizes.length; i++) {
      long from = i == 0 ? 0 : cuts[i - 1];
      long to = i == cuts.length ? dims().dim(at) : cuts[i];
      if (to < from) {
        throw new ModelException(
            "the cuts " + Arrays.toString(cuts) + " do not fit axis " + at + " of " + dims());
      }
      sizes[i] = to - from;
    }
    if (sizes.length == 1) {
      return new NDList(self());
    }
    List<TracedArray> parts =
        tracing()
            .applyMany(
                "Split", Attributes.of("axis", at), sizes.length, self(), tracing().longs(sizes));
    return new NDList(List.copyOf(parts));
  }

  /** DJL gives the widths of the last axis first. */
  @Override
  public NDArray pad(Shape widths, double value) {
    long[] pads = new long[2 * rank()];
    for (int i = 0; i < widths.dimension() / 2; i++) {
      int axis = rank() - 1 - i;
      pads[axis] = widths.get(2 * i);
      pads[rank() + axis] = widths.get(2 * i + 1);
    }
    return op("Pad", self(), tracing().longs(pads), tracing().scalar(value, type().type()));
  }

  @Override
  public NDArray get(NDIndex index) {
    return get(getManager(), index);
  }

  @Override
  public NDArray get(NDManager manager, NDIndex index) {
    return new SliceIndexer().get(self(), index);
  }

  @Override
  public NDArray gather(NDArray index, int axis) {
    return op("GatherElements", Attributes.of("axis", axis), self(), operand(index).indices());
  }

  /** DJL's index holds the coordinates along its first axis, ONNX's along its last. */
  @Override
  public NDArray gatherNd(NDArray index) {
    TracedArray coordinates = operand(index).indices();
    int rank = coordinates.rank();
    int[] order = IntStream.range(0, rank).map(i -> (i + 1) % rank).toArray();
    return op("GatherND", self(), coordinates.permuted(order));
  }

  @Override
  public NDArray take(NDManager manager, NDArray index) {
    return reshaped(-1).taken(operand(index), 0);
  }

  /** The entries of one axis that {@code index} names. */
  final TracedArray taken(TracedArray index, int axis) {
    return op("Gather", Attributes.of("axis", axis), self(), index.indices());
  }

  /** This array as indices: engines accept floats that hold whole numbers. */
  final TracedArray indices() {
    DataType type = type().type();
    return type == DataType.INT32 ? self() : cast(DataType.INT64);
  }

  @Override
  public NDArray oneHot(int depth, float on, float off, ai.djl.ndarray.types.DataType wanted) {
    TracedArray values = operand(getManager().create(new float[] {off, on}).toType(wanted, false));
    return op("OneHot", indices(), tracing().scalar(depth, DataType.INT64), values);
  }
}
