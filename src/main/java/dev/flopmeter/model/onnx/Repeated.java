package dev.flopmeter.model.onnx;

import java.nio.ByteBuffer;
import java.util.List;

/** Repeated numeric fields, which writers may pack into one run or not. */
final class Repeated {
  private Repeated() {}

  static void integers(WireReader in, LongList into) {
    if (!in.isPacked()) {
      into.append(in.integer());
      return;
    }
    WireReader run = in.message();
    while (run.remaining() > 0) {
      into.append(run.varint());
    }
  }

  static void floats(WireReader in, List<Float> into) {
    if (!in.isPacked()) {
      into.add(in.float32());
      return;
    }
    ByteBuffer run = in.bytes();
    if (run.remaining() % 4 != 0) {
      throw in.malformed("a run of floats that ends within one");
    }
    while (run.hasRemaining()) {
      into.add(run.getFloat());
    }
  }
}
