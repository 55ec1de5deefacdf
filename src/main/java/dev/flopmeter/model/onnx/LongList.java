package dev.flopmeter.model.onnx;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * A list of integers that takes 8 bytes per entry: a packed run can have an entry per byte of the
 * file, and boxed integers would take twenty times as much. {@link ReadBudget} limits its length.
 * Other packages see an unmodifiable list.
 */
final class LongList extends AbstractList<Long> implements RandomAccess {
  private long[] values = new long[8];
  private int size;

  void append(long value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size + (size >> 1));
    }
    values[size++] = value;
  }

  @Override
  public Long get(int index) {
    return longAt(index);
  }

  long longAt(int index) {
    return values[Objects.checkIndex(index, size)];
  }

  @Override
  public int size() {
    return size;
  }

  long[] toLongs() {
    return Arrays.copyOf(values, size);
  }
}
