package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Reductions, orders and running sums over axes. */
abstract class ReducedArray extends LayoutArray {
  ReducedArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  final TracedArray reduced(String op, int[] axes, boolean keep) {
    long[] list = Arrays.stream(axes).map(this::axis).asLongStream().toArray();
    return op(op, Attributes.of("keepdims", keep ? 1 : 0), self(), tracing().longs(list));
  }

  /** Over all axes, none of which is kept. */
  final TracedArray reducedWhole(String op) {
    return reduced(op, IntStream.range(0, rank()).toArray(), false);
  }

  @Override
  public NDArray norm(boolean keep) {
    return reduced("ReduceL2", IntStream.range(0, rank()).toArray(), keep);
  }

  @Override
  public NDArray norm(int order, int[] axes, boolean keep) {
    if (order != 1 && order != 2) {
      throw new UnsupportedOperationException("NDArray.norm of order " + order);
    }
    return reduced("ReduceL" + order, axes, keep);
  }

  @Override
  public NDArray normalize(double order, long axis, double epsilon) {
    TracedArray length = operand(norm((int) order, new int[] {(int) axis}, true));
    return quotient(length.binary("Max", length.scalar(epsilon)));
  }

  @Override
  public NDArray argMax() {
    return reshaped(-1).argMax(0);
  }

  @Override
  public NDArray argMax(int axis) {
    return op("ArgMax", Attributes.of("axis", axis, "keepdims", 0), self());
  }

  @Override
  public NDArray argMin() {
    return reshaped(-1).argMin(0);
  }

  @Override
  public NDArray argMin(int axis) {
    return op("ArgMin", Attributes.of("axis", axis, "keepdims", 0), self());
  }

  @Override
  public NDList topK(int k, int axis, boolean largest, boolean sorted) {
    List<TracedArray> found =
        tracing()
            .applyMany(
                "TopK",
                Attributes.of("axis", axis, "largest", largest ? 1 : 0, "sorted", sorted ? 1 : 0),
                2,
                self(),
                tracing().longs(k));
    return new NDList(List.copyOf(found));
  }

  @Override
  public NDArray argSort(int axis, boolean ascending) {
    return topK(Math.toIntExact(dims().dim(axis)), axis, !ascending, true).get(1);
  }

  @Override
  public NDArray sort(int axis) {
    return topK(Math.toIntExact(dims().dim(axis)), axis, false, true).get(0);
  }

  @Override
  public NDArray sort() {
    return sort(-1);
  }

  @Override
  public NDArray softmax(int axis) {
    return op("Softmax", Attributes.of("axis", axis), self());
  }

  @Override
  public NDArray logSoftmax(int axis) {
    return op("LogSoftmax", Attributes.of("axis", axis), self());
  }

  @Override
  public NDArray cumSum(int axis) {
    return op("CumSum", self(), tracing().scalar(axis(axis), DataType.INT64));
  }

  @Override
  public NDArray cumSum() {
    return reshaped(-1).cumSum(0);
  }
}
