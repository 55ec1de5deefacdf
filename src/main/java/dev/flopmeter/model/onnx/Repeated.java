package dev.flopmeter.model.onnx;

import java.nio.ByteBuffer;
import java.util.List;

/** Repeated numeric fields, which writers may pack into one run or not. */
final class Repeated {
  private Repeated() {}

  /** An integer, while the list that holds it moves into one half as large again. */
  private static final long LISTED_BYTES = 20;

  /** A float of its own and the list entry that points to it. */
  private static final long BOXED_BYTES = 24;

  static void integers(WireReader in, LongList into) {
    if (!in.isPacked()) {
      in.spend(LISTED_BYTES);
      into.append(in.integer());
      return;
    }
    WireReader run = in.message();
    while (run.remaining() > 0) {
      in.spend(LISTED_BYTES);
      into.append(run.varint());
    }
  }

  static void floats(WireReader in, List<Float> into) {
    if (!in.isPacked()) {
      in.spend(BOXED_BYTES);
      into.add(in.float32());
      return;
    }
    ByteBuffer run = in.bytes();
    if (run.remaining() % 4 != 0) {
      throw in.malformed("a run of floats that ends within one");
    }
    in.spend(BOXED_BYTES * run.remaining() / Float.BYTES);
    while (run.hasRemaining()) {
      into.add(run.getFloat());
    }
  }
}
