package dev.flopmeter.model.onnx;

import java.nio.ByteBuffer;
import java.util.List;

/** Repeated numeric fields, which writers may pack into one run or not. */
final class Repeated {
  private Repeated() {}

  static void integers(WireReader in, List<Long> into) {
    if (!in.isPacked()) {
      into.add(in.integer());
      return;
    }
    WireReader run = in.message();
    while (run.remaining() > 0) {
      into.add(run.varint());
    }
  }

  static void floats(WireReader in, List<Float> into) {
    if (!in.isPacked()) {
      into.add(in.float32());
      return;
    }
    ByteBuffer run = in.bytes();
    while (run.remaining() >= 4) {
      into.add(run.getFloat());
    }
  }
}
