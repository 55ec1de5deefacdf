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
import dev.flopmeter.model.fold.Folder.FoldRule;
import dev.flopmeter.model.shape.DataSelection;
import dev.flopmeter.model.shape.SliceRange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;

/** Joining, cutting and selecting known values. */
final class SelectionFolds {
  private SelectionFolds() {}

  static void addTo(Map<String, FoldRule> rules) {
    rules.put("Concat", ofElements(SelectionFolds::concat));
    rules.put("Slice", ofElements(SelectionFolds::slice));
    rules.put("Gather", ofElements(SelectionFolds::gather));
    rules.put("Transpose", ofElements(SelectionFolds::transpose));
    rules.put("Split", SelectionFolds::split);
    rules.put("Tile", ofElements(SelectionFolds::tile));
    rules.put("Expand", SelectionFolds::expand);
    rules.put("NonZero", Folder.ofValues(SelectionFolds::nonZero));
    rules.put("Compress", ofElements(SelectionFolds::compress));
    rules.put("Unique", SelectionFolds::unique);
    rules.put("NonMaxSuppression", Folder.ofValues(SelectionFolds::boxes));
  }

  /** A rule for inputs whose elements are whole bytes. */
  private static FoldRule ofElements(Folder.ValueRule rule) {
    return (in, outputs) ->
        hasWholeBytes(in) ? Folder.ofValues(rule).fold(in, outputs) : Optional.empty();
  }

  private static boolean hasWholeBytes(Operands in) {
    DataType type = in.knownType(0).map(TensorType::type).orElse(DataType.STRING);
    return type.bits() >= 8 && type.bits() <= 64;
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

  /** The same, with a source position for each position on each axis of the result. */
  private static Tensor move(Tensor source, TensorType type, Indices.AxisOffset place) {
    long[] strides = Indices.strides(source.shape());
    return pick(
        source, type, Indices.of(type.shape(), (axis, at) -> place.of(axis, at) * strides[axis]));
  }

  private static Tensor concat(Operands in, TensorType type) {
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
    return DenseTensor.of(type, data.rewind());
  }

  private static Tensor slice(Operands in, TensorType type) {
    SliceRange[] ranges = SliceRange.of(in);
    return move(
        in.requireValue(0), type, (axis, at) -> ranges[axis].start() + at * ranges[axis].step());
  }

  private static Tensor gather(Operands in, TensorType type) {
    Tensor data = in.requireValue(0);
    Tensor indices = in.requireValue(1);
    int axis = data.shape().axis(in.attributes().integer("axis", 0));
    long size = data.shape().dim(axis);
    long inner = data.shape().elements(axis + 1, data.shape().rank());
    long picked = indices.elements();
    return pick(
        data,
        type,
        flat -> {
          long asked = indices.longAt(flat / inner % picked);
          long index = asked < 0 ? asked + size : asked;
          if (index < 0 || index >= size) {
            throw new ModelException(
                "index " + asked + " is outside of axis " + axis + " of " + data.shape());
          }
          return (flat / inner / picked * size + index) * inner + flat % inner;
        });
  }

  private static Tensor transpose(Operands in, TensorType type) {
    Tensor source = in.requireValue(0);
    int rank = source.shape().rank();
    long[] order = in.attributes().integers("perm").orElse(null);
    long[] strides = Indices.strides(source.shape());
    long[] from = new long[rank];
    for (int i = 0; i < rank; i++) {
      from[i] = strides[order == null ? rank - 1 - i : source.shape().axis(order[i])];
    }
    return pick(source, type, Indices.of(type.shape(), (axis, at) -> at * from[axis]));
  }

  private static Optional<List<Tensor>> split(Operands in, List<TensorType> outputs) {
    if (!hasWholeBytes(in) || !Folder.allKnown(in, outputs)) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    int split = source.shape().axis(in.attributes().integer("axis", 0));
    List<Tensor> parts = new ArrayList<>();
    long start = 0;
    for (TensorType type : outputs) {
      long first = start;
      parts.add(move(source, type, (axis, at) -> axis == split ? first + at : at));
      start += type.shape().dim(split);
    }
    return Optional.of(parts);
  }

  private static Tensor tile(Operands in, TensorType type) {
    Shape tile = in.shape(0);
    return move(in.requireValue(0), type, (axis, at) -> at % tile.dim(axis));
  }

  /** One value is repeated to any size, because that needs no memory. */
  private static Optional<List<Tensor>> expand(Operands in, List<TensorType> outputs) {
    TensorType type = outputs.get(0);
    Optional<Tensor> known = in.value(0);
    if (known.isPresent() && known.get().elements() == 1) {
      return Optional.of(List.of(new FilledTensor(type, known.get().reshaped(Shape.SCALAR))));
    }
    return ofElements(
            (all, to) -> {
              Tensor source = all.requireValue(0);
              return pick(source, to, Indices.broadcast(source.shape(), to.shape()));
            })
        .fold(in, outputs);
  }

  /** The positions of all non-zero elements, one column each. */
  private static Tensor nonZero(Operands in, TensorType type) {
    long[] found = DataSelection.nonZeros(in);
    long[] strides = Indices.strides(in.shape(0));
    LongUnaryOperator place =
        i -> {
          int axis = (int) (i / found.length);
          return found[(int) (i % found.length)] / strides[axis] % in.shape(0).dim(axis);
        };
    return DenseTensor.ofLongs(
        type.shape(), LongStream.range(0, type.elements()).map(place).toArray());
  }

  private static Tensor compress(Operands in, TensorType type) {
    Tensor source = in.requireValue(0);
    long[] kept = DataSelection.compressed(in);
    if (!in.attributes().has("axis")) {
      return pick(source, type, i -> kept[(int) i]);
    }
    int along = source.shape().axis(in.attributes().integer("axis", 0));
    return move(source, type, (axis, at) -> axis == along ? kept[(int) at] : at);
  }

  private static Tensor boxes(Operands in, TensorType type) {
    long[] rows = Arrays.stream(DataSelection.boxes(in)).flatMapToLong(Arrays::stream).toArray();
    return DenseTensor.ofLongs(type.shape(), rows);
  }

  private static Optional<List<Tensor>> unique(Operands in, List<TensorType> outputs) {
    if (!hasWholeBytes(in) || in.value(0).isEmpty()) {
      return Optional.empty();
    }
    Tensor source = in.requireValue(0);
    DataSelection.Uniques found = DataSelection.uniques(in);
    long[] first = found.first();
    int along = found.axis();
    TensorType type = outputs.get(0);
    Tensor different =
        along < 0
            ? pick(source, type, i -> first[(int) i])
            : move(source, type, (axis, at) -> axis == along ? first[(int) at] : at);
    return Optional.of(
        List.of(
            different,
            Tensor.ofLongs(first),
            Tensor.ofLongs(found.inverse()),
            Tensor.ofLongs(found.counts())));
  }
}
