package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The selections of operators by the values of their inputs, if these are known before a run, or
 * read back during one.
 */
public final class DataSelection {
  private DataSelection() {}

  /** Maximum number of elements of a known value to search. */
  private static final long MOST_SEARCHED = 1 << 24;

  /**
   * The value of an input.
   *
   * @throws DataDependentException if it, or another input of the node, is not known, or too large
   */
  private static Tensor value(Operands in, int index) {
    boolean isKnown = true;
    for (int i = 0; i < in.inputCount(); i++) {
      isKnown &= !in.has(i) || in.isConstant(i);
    }
    Tensor value = in.requireValue(index);
    if (!isKnown || value.elements() > MOST_SEARCHED) {
      throw new DataDependentException(in.node().op());
    }
    return value;
  }

  /** The flat indices of all non-zero elements: for NonZero. */
  public static long[] nonZeros(Operands in) {
    Tensor value = value(in, 0);
    if (value.shape().rank() == 0) {
      throw new DataDependentException(in.node().op());
    }
    return nonZeros(value);
  }

  private static long[] nonZeros(Tensor value) {
    return IntStream.range(0, (int) value.elements())
        .filter(i -> value.doubleAt(i) != 0)
        .asLongStream()
        .toArray();
  }

  /**
   * The slices that Compress keeps, or the elements without an axis, from its condition alone.
   *
   * @throws DataDependentException if the condition is not known
   */
  public static long[] compressed(Operands in) {
    Tensor condition = in.requireValue(1);
    Shape shape = in.shape(0);
    long size = shape.elements();
    if (in.attributes().has("axis")) {
      size = shape.dim(shape.axis(in.attributes().integer("axis", 0)));
    }
    if (condition.shape().rank() != 1 || condition.elements() > size) {
      throw new ModelException(
          "the condition %s does not fit %d places".formatted(condition.shape(), size));
    }
    return nonZeros(condition);
  }

  /**
   * The results of Unique.
   *
   * @param axis of the compared slices; -1 for elements
   * @param first the first position of each distinct one
   * @param inverse the distinct one that each one equals
   * @param counts how often each occurs
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Uniques(int axis, long[] first, long[] inverse, long[] counts) {}

  /** The distinct elements, or slices along an axis: sorted, or in order of occurrence. */
  public static Uniques uniques(Operands in) {
    Tensor value = value(in, 0);
    boolean isFlat = !in.attributes().has("axis");
    int axis = isFlat ? -1 : value.shape().axis(in.attributes().integer("axis"));
    int[] places = isFlat ? places(keys(value)) : places(value, axis);
    int count = Arrays.stream(places).max().orElse(-1) + 1;
    long[] first = new long[count];
    long[] counts = new long[count];
    for (int i = places.length - 1; i >= 0; i--) {
      first[places[i]] = i;
      counts[places[i]]++;
    }
    Integer[] order = IntStream.range(0, count).boxed().toArray(Integer[]::new);
    if (!in.attributes().flag("sorted", true)) {
      Arrays.sort(order, Comparator.comparingLong(place -> first[place]));
    }
    int[] now = new int[count];
    IntStream.range(0, count).forEach(i -> now[order[i]] = i);
    return new Uniques(
        axis,
        Arrays.stream(order).mapToLong(place -> first[place]).toArray(),
        Arrays.stream(places).mapToLong(place -> now[place]).toArray(),
        Arrays.stream(order).mapToLong(place -> counts[place]).toArray());
  }

  /** Compares numbers in the order of the elements: -0 equals 0, and NaN is the largest. */
  private static long[] keys(Tensor value) {
    return value.type().type().isFloat()
        ? Arrays.stream(value.toDoubles())
            .mapToLong(each -> Double.doubleToLongBits(each + 0.0))
            .map(bits -> bits < 0 ? bits ^ Long.MAX_VALUE : bits)
            .toArray()
        : value.toLongs();
  }

  private static int[] places(long[] keys) {
    long[] different = Arrays.stream(keys).sorted().distinct().toArray();
    return Arrays.stream(keys).mapToInt(key -> Arrays.binarySearch(different, key)).toArray();
  }

  private static int[] places(Tensor value, int axis) {
    Shape shape = value.shape();
    long[] keys = keys(value);
    int inner = (int) shape.elements(axis + 1, shape.rank());
    int size = (int) shape.dim(axis);
    int length = keys.length / Math.max(1, size);
    long[][] slices = new long[size][length];
    for (int i = 0; i < keys.length; i++) {
      slices[i / inner % size][i / inner / size * inner + i % inner] = keys[i];
    }
    long[][] sorted = slices.clone();
    Arrays.sort(sorted, Arrays::compare);
    int[] rank = new int[size];
    for (int i = 1; i < size; i++) {
      rank[i] = rank[i - 1] + (Arrays.equals(sorted[i - 1], sorted[i]) ? 0 : 1);
    }
    return Arrays.stream(slices)
        .mapToInt(slice -> rank[Arrays.binarySearch(sorted, slice, Arrays::compare)])
        .toArray();
  }

  /**
   * The selections of NonMaxSuppression: rows of batch, class and box, by batch, class and
   * descending score. Boxes without area suppress nothing, as in ONNX Runtime.
   */
  public static long[][] boxes(Operands in) {
    Tensor boxes = value(in, 0);
    Tensor scores = value(in, 1);
    if (boxes.shape().rank() != 3
        || scores.shape().rank() != 3
        || boxes.shape().dim(2) != 4
        || boxes.shape().dim(0) != scores.shape().dim(0)
        || boxes.shape().dim(1) != scores.shape().dim(2)) {
      throw new ModelException(
          "boxes %s do not fit scores %s".formatted(boxes.shape(), scores.shape()));
    }
    int count = (int) boxes.shape().dim(1);
    int classes = (int) scores.shape().dim(1);
    long most = in.has(2) ? value(in, 2).longAt(0) : 0;
    float overlap = in.has(3) ? (float) value(in, 3).doubleAt(0) : 0;
    boolean isLimited = in.has(4);
    double least = isLimited ? value(in, 4).doubleAt(0) : 0;
    boolean isCentred = in.attributes().integer("center_point_box", 0) != 0;
    List<long[]> selected = new ArrayList<>();
    for (int place = 0; place < boxes.shape().dim(0) * classes; place++) {
      int first = place / classes * count;
      long row = (long) place * count;
      Box[] all = new Box[count];
      Arrays.setAll(all, i -> Box.of(boxes, first + i, isCentred));
      IntStream ranked =
          IntStream.range(0, count)
              .filter(i -> !isLimited || scores.doubleAt(row + i) > least)
              .boxed()
              .sorted(Comparator.<Integer>comparingDouble(i -> scores.doubleAt(row + i)).reversed())
              .mapToInt(i -> i);
      for (int box : kept(ranked.toArray(), all, most, overlap)) {
        selected.add(new long[] {place / classes, place % classes, box});
      }
    }
    return selected.toArray(long[][]::new);
  }

  private static int[] kept(int[] ranked, Box[] boxes, long most, float overlap) {
    int[] kept = new int[(int) Math.min(Math.max(0, most), ranked.length)];
    int found = 0;
    for (int i : ranked) {
      if (found == kept.length) {
        break;
      }
      if (Arrays.stream(kept, 0, found).noneMatch(j -> boxes[i].overlap(boxes[j]) > overlap)) {
        kept[found++] = i;
      }
    }
    return Arrays.copyOf(kept, found);
  }

  /** A rectangle, in the units of the model's boxes. */
  private record Box(float top, float left, float bottom, float right) {
    static Box of(Tensor boxes, int index, boolean isCentred) {
      float[] at = new float[4];
      for (int i = 0; i < 4; i++) {
        at[i] = (float) boxes.doubleAt(4L * index + i);
      }
      return isCentred
          ? new Box(at[1] - at[3] / 2, at[0] - at[2] / 2, at[1] + at[3] / 2, at[0] + at[2] / 2)
          : new Box(
              Math.min(at[0], at[2]),
              Math.min(at[1], at[3]),
              Math.max(at[0], at[2]),
              Math.max(at[1], at[3]));
    }

    float area() {
      return (bottom - top) * (right - left);
    }

    /** Intersection over union; 0 for boxes without area. */
    float overlap(Box other) {
      float height = Math.min(bottom, other.bottom) - Math.max(top, other.top);
      float width = Math.min(right, other.right) - Math.max(left, other.left);
      float shared = height > 0 && width > 0 ? height * width : 0;
      boolean isSolid = area() > 0 && other.area() > 0;
      return isSolid ? shared / (area() + other.area() - shared) : 0;
    }
  }
}
