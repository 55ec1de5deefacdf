package dev.flopmeter.count;

import dev.flopmeter.model.Sizes;

/** Bytes read and written. */
public record BytesMoved(long read, long written) {
  public static final BytesMoved NONE = new BytesMoved(0, 0);

  BytesMoved plus(BytesMoved other) {
    return new BytesMoved(Sizes.add(read, other.read), Sizes.add(written, other.written));
  }
}
