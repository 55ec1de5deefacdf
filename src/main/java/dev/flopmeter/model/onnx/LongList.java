package dev.flopmeter.model.onnx;

import dev.flopmeter.model.ModelException;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/**
 * A list of integers that takes 8 bytes an entry: a packed run has one for each byte of the file,
 * which boxed ones would blow up twentyfold. Other packages see an unmodifiable list.
 */
final class LongList extends AbstractList<Long> implements RandomAccess {
  private static final int MAX_SIZE = Integer.MAX_VALUE - 8;

  private long[] values = new long[8];
  private int size;

  void append(long value) {
    if (size == values.length) {
      if (size == MAX_SIZE) {
        throw new ModelException("a list of more than " + MAX_SIZE + " integers");
      }
      values = Arrays.copyOf(values, (int) Math.min(MAX_SIZE, size + (size >> 1) + 1L));
    }
    values[size++] = value;
  }

  @Override
  public Long get(int index) {
    return longAt(index);
  }

  long longAt(int index) {
    if (index >= size) {
      throw new IndexOutOfBoundsException(index);
    }
    return values[index];
  }

  @Override
  public int size() {
    return size;
  }

  long[] toLongs() {
    return Arrays.copyOf(values, size);
  }
}
