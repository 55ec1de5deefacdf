package dev.flopmeter.count;

import dev.flopmeter.model.Sizes;

/** Bytes read and written. */
public record Moved(long read, long written) {
  public static final Moved NONE = new Moved(0, 0);

  Moved plus(Moved other) {
    return new Moved(Sizes.add(read, other.read), Sizes.add(written, other.written));
  }
}
