package dev.flopmeter.model.onnx;

import dev.flopmeter.model.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Reads one protobuf message, field by field, without copying: nested messages and byte fields are
 * slices of the file. Every length is checked against the remaining bytes before it is used.
 *
 * <p>Usage: {@code while (reader.next()) switch (reader.field()) ... default -> reader.skip()}.
 */
final class WireReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  /** An integer, including the moment when its list is copied to one half as large again. */
  private static final long LISTED_BYTES = 20;

  /** A separate float and the list entry that points to it. */
  private static final long BOXED_BYTES = 24;

  private final ByteBuffer buffer;
  private final long origin;
  private final ReadBudget budget;
  private int field;
  private int wireType;

  /**
   * @param origin the position of the buffer's first byte in the file, for messages
   * @param budget what names, lists and messages in it may take
   */
  WireReader(ByteBuffer buffer, long origin, ReadBudget budget) {
    this.buffer = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
    this.origin = origin;
    this.budget = budget;
  }

  /** Advances to the next field; false at the end of the message. */
  boolean next() {
    if (!buffer.hasRemaining()) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    if (field <= 0 || tag >>> 3 > 0x1FFFFFFF) {
      throw malformed("a field number that protobuf does not allow");
    }
    return true;
  }

  /** Advances to the next field of this number; false at the end of the message. */
  boolean next(int wanted) {
    while (next()) {
      if (field == wanted) {
        return true;
      }
      skip();
    }
    return false;
  }

  int field() {
    return field;
  }

  /** Whether the current field is a packed run of numbers rather than a single one. */
  boolean isPacked() {
    return wireType == BYTES;
  }

  long integer() {
    require(VARINT);
    return varint();
  }

  /** A repeated integer, which may be packed into one run. */
  void integers(LongList into) {
    if (!isPacked()) {
      spend(LISTED_BYTES);
      into.append(integer());
      return;
    }
    WireReader run = message();
    while (run.buffer.hasRemaining()) {
      spend(LISTED_BYTES);
      into.append(run.varint());
    }
  }

  /** A repeated float, which may be packed into one run. */
  void floats(List<Float> into) {
    if (!isPacked()) {
      spend(BOXED_BYTES);
      into.add(float32());
      return;
    }
    ByteBuffer run = bytes();
    if (run.remaining() % 4 != 0) {
      throw malformed("a run of floats that ends within one");
    }
    spend(BOXED_BYTES * run.remaining() / Float.BYTES);
    while (run.hasRemaining()) {
      into.add(run.getFloat());
    }
  }

  float float32() {
    require(FIXED32);
    requireBytes(4);
    return buffer.getFloat();
  }

  double float64() {
    require(FIXED64);
    requireBytes(8);
    return buffer.getDouble();
  }

  WireReader message() {
    spend(ReadBudget.OBJECT_BYTES);
    ByteBuffer body = bytes();
    return new WireReader(body, origin + buffer.position() - body.remaining(), budget);
  }

  /** Reads this message as a {@code StringStringEntryProto}. */
  void entry(Map<String, String> into) {
    String key = "";
    String value = "";
    while (next()) {
      switch (field) {
        case 1 -> key = text();
        case 2 -> value = text();
        default -> skip();
      }
    }
    into.put(key, value);
  }

  String text() {
    ByteBuffer text = bytes();
    spend(ReadBudget.OBJECT_BYTES + 4L * text.remaining()); // decoded to 2 bytes each, then copied
    return StandardCharsets.UTF_8.decode(text).toString();
  }

  /** Accounts for memory that this position fills. */
  private void spend(long bytes) {
    budget.spend(bytes, position());
  }

  /** The bytes of the current field, shared with the file. */
  ByteBuffer bytes() {
    require(BYTES);
    long length = varint();
    requireBytes(length);
    ByteBuffer slice = buffer.slice(buffer.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.position(buffer.position() + (int) length);
    return slice;
  }

  void skip() {
    switch (wireType) {
      case VARINT -> varint();
      case FIXED64 -> advance(8);
      case BYTES -> advance(varint());
      case FIXED32 -> advance(4);
      default -> throw malformed("wire type " + wireType + ", which protobuf 3 does not use");
    }
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      requireBytes(1);
      byte next = buffer.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw malformed("a number of more than 10 bytes");
  }

  private void advance(long bytes) {
    requireBytes(bytes);
    buffer.position(buffer.position() + (int) bytes);
  }

  private void require(int expected) {
    if (wireType != expected) {
      throw malformed("field " + field + " with wire type " + wireType + " instead of " + expected);
    }
  }

  private void requireBytes(long bytes) {
    if (bytes < 0 || bytes > buffer.remaining()) {
      throw new ModelException(
          ("the file is truncated or not an ONNX model: at byte %s, %s more bytes are expected, but"
                  + " %s remain")
              .formatted(position(), Long.toUnsignedString(bytes), buffer.remaining()));
    }
  }

  private ModelException malformed(String what) {
    return new ModelException("not an ONNX model: " + what + " at byte " + position());
  }

  private long position() {
    return origin + buffer.position();
  }
}
