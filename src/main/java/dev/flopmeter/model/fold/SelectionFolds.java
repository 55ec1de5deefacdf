package dev.flopmeter.model.fold;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.shape.SliceRange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/** Joining, cutting and picking of known values. */
final class SelectionFolds {
  private SelectionFolds() {}

  static void addTo(Map<String, FoldRule> rules) {
    rules.put("Concat", SelectionFolds::concat);
    rules.put("Slice", SelectionFolds::slice);
    rules.put("Gather", SelectionFolds::gather);
    rules.put("Transpose", SelectionFolds::transpose);
    rules.put("Split", SelectionFolds::split);
    rules.put("Tile", SelectionFolds::tile);
    rules.put("Expand", SelectionFolds::expand);
    rules.put("NonZero", SelectionFolds::nonZero);
  }

  private static boolean foldable(Operands in, List<TensorType> outputs) {
    DataType type = in.knownType(0).map(TensorType::type).orElse(DataType.STRING);
    return type.bits() >= 8 && type.bits() <= 64 && Folder.allKnown(in, outputs);
  }

  /** A tensor of {@code type} whose element i is {@code source}'s element {@code index(i)}. */
  private static Tensor pick(Tensor source, TensorType type, LongUnaryOperator index) {
    if (source instanceof FilledTensor filled) {
      return new FilledTensor(type, filled.value());
    }
    ByteBuffer data = Elements.allocate(type);
    ByteBuffer from = source.data();
    int width = type.type().bits() / 8;
    for (int i = 0; i < type.elements(); i++) {
      int at = (int) index.applyAsLong(i) * width;
      for (int b = 0; b < width; b++) {
        data.put(i * width + b, from.get(at + b));
      }
    }
    return DenseTensor.of(type, data);
  }

  private static Optional<List<Tensor>> concat(Operands in, List<TensorType> outputs) {
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    TensorType type = outputs.get(0);
    int axis = type.shape().axis(in.attributes().integer("axis", 1));
    int width = type.type().bits() / 8;
    ByteBuffer data = Elements.allocate(type);
    long outer = type.shape().elements(0, axis);
    List<ByteBuffer> parts = new ArrayList<>();
    for (int i = 0; i < in.inputCount(); i++) {
      parts.add(in.requireValue(i).data());
    }
    for (int block = 0; block < outer; block++) {
      for (int i = 0; i < parts.size(); i++) {
        int bytes = (int) in.shape(i).elements(axis, in.shape(i).rank()) * width;
        data.put(parts.get(i).slice(block * bytes, bytes));
      }
    }
    return Optional.of(List.of(DenseTensor.of(type, data.rewind())));
  }

  private static Optional<List<Tensor>> slice(Operands in, List<TensorType> outputs) {
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    SliceRange[] ranges = SliceRange.of(in);
    long[] starts = new long[ranges.length];
    long[] steps = new long[ranges.length];
    for (int i = 0; i < ranges.length; i++) {
      starts[i] = ranges[i].start();
      steps[i] = ranges[i].step();
    }
    return Optional.of(List.of(strided(source, outputs.get(0), starts, steps)));
  }

  private static Tensor strided(Tensor source, TensorType type, long[] starts, long[] steps) {
    long[] strides = strides(source.shape());
    return pick(
        source,
        type,
        index(type.shape(), (axis, at) -> (starts[axis] + at * steps[axis]) * strides[axis]));
  }

  /** What an element's position on one axis of the result adds to its index in the source. */
  @FunctionalInterface
  private interface AxisOffset {
    long of(int axis, long position);
  }

  /** The index in the source of each element of the result. */
  private static LongUnaryOperator index(Shape result, AxisOffset offset) {
    long[] dims = result.dims();
    return flat -> {
      long index = 0;
      long rest = flat;
      for (int axis = dims.length - 1; axis >= 0; axis--) {
        index += offset.of(axis, rest % dims[axis]);
        rest /= dims[axis];
      }
      return index;
    };
  }

  private static long[] strides(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape.dim(i);
    }
    return strides;
  }

  private static Optional<List<Tensor>> gather(Operands in, List<TensorType> outputs) {
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    Tensor data = in.requireValue(0);
    Tensor indices = in.requireValue(1);
    int axis = data.shape().axis(in.attributes().integer("axis", 0));
    long size = data.shape().dim(axis);
    long inner = data.shape().elements(axis + 1, data.shape().rank());
    long picked = indices.elements();
    return Optional.of(
        List.of(
            pick(
                data,
                outputs.get(0),
                flat -> {
                  long asked = indices.longAt(flat / inner % picked);
                  long index = asked < 0 ? asked + size : asked;
                  if (index < 0 || index >= size) {
                    throw new ModelException(
                        "index " + asked + " is outside of axis " + axis + " of " + data.shape());
                  }
                  return (flat / inner / picked * size + index) * inner + flat % inner;
                })));
  }

  private static Optional<List<Tensor>> transpose(Operands in, List<TensorType> outputs) {
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    int rank = source.shape().rank();
    long[] order = in.attributes().integers("perm").orElse(null);
    long[] strides = strides(source.shape());
    int[] from = new int[rank];
    for (int i = 0; i < rank; i++) {
      from[i] = order == null ? rank - 1 - i : source.shape().axis(order[i]);
    }
    Shape result = outputs.get(0).shape();
    return Optional.of(
        List.of(
            pick(source, outputs.get(0), index(result, (axis, at) -> at * strides[from[axis]]))));
  }

  private static Optional<List<Tensor>> split(Operands in, List<TensorType> outputs) {
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    int rank = source.shape().rank();
    int axis = source.shape().axis(in.attributes().integer("axis", 0));
    List<Tensor> parts = new ArrayList<>();
    long[] starts = new long[rank];
    long[] steps = new long[rank];
    java.util.Arrays.fill(steps, 1);
    for (TensorType type : outputs) {
      parts.add(strided(source, type, starts.clone(), steps));
      starts[axis] += type.shape().dim(axis);
    }
    return Optional.of(parts);
  }

  private static Optional<List<Tensor>> tile(Operands in, List<TensorType> outputs) {
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    long[] dims = source.shape().dims();
    long[] strides = strides(source.shape());
    Shape result = outputs.get(0).shape();
    return Optional.of(
        List.of(
            pick(
                source,
                outputs.get(0),
                index(result, (axis, at) -> at % dims[axis] * strides[axis]))));
  }

  /** One value is repeated to any size, since that takes no memory. */
  private static Optional<List<Tensor>> expand(Operands in, List<TensorType> outputs) {
    TensorType type = outputs.get(0);
    Optional<Tensor> known = in.value(0);
    if (known.isPresent() && known.get().elements() == 1) {
      return Optional.of(List.of(new FilledTensor(type, known.get().reshaped(Shape.SCALAR))));
    }
    if (!foldable(in, outputs)) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    Broadcast from = Broadcast.of(source.shape(), type.shape());
    return Optional.of(List.of(pick(source, type, from::index)));
  }

  /** The places of all elements that are not 0, one column each. */
  private static Optional<List<Tensor>> nonZero(Operands in, List<TensorType> outputs) {
    if (!Folder.allKnown(in, outputs)) {
      return Optional.empty();
    }
    Tensor value = in.requireValue(0);
    TensorType type = outputs.get(0);
    int found = (int) type.shape().dim(1);
    long[] places = new long[(int) type.elements()];
    int column = 0;
    for (int i = 0; i < value.elements(); i++) {
      if (value.doubleAt(i) != 0) {
        long rest = i;
        for (int axis = value.shape().rank() - 1; axis >= 0; axis--) {
          places[axis * found + column] = rest % value.shape().dim(axis);
          rest /= value.shape().dim(axis);
        }
        column++;
      }
    }
    return Optional.of(List.of(DenseTensor.ofLongs(type.shape(), places)));
  }
}
