package dev.flopmeter.serve.history;

import dev.flopmeter.serve.result.SeriesKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.zip.CRC32C;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * A result as bytes in a segment: length, CRC-32C, then the uncompressed index data and the
 * deflated JSON. A frame is valid if its length fits and its checksum matches; anything else is
 * damage or an incomplete write.
 */
final class Frame {
  /** Bytes before the payload. */
  static final int HEAD = 8;

  /** No real payload is longer. */
  static final int LONGEST = 16 << 20;

  private Frame() {}

  /** Flags of a result: it is valid; the time of an import follows its key. */
  private static final int VALID = 1;

  private static final int IMPORTED = 2;
  static final int FLAGS = VALID | IMPORTED;

  static ByteBuffer encode(HistoryEntry entry, String json) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      SeriesKey key = entry.key();
      boolean isImported = !entry.arrivedAt().equals(entry.at());
      out.writeLong(0); // room for the head
      out.writeLong(entry.number());
      out.writeLong(entry.at().toEpochMilli());
      out.writeByte((entry.isValid() ? VALID : 0) | (isImported ? IMPORTED : 0));
      out.writeDouble(entry.median());
      out.writeUTF(key.workload());
      out.writeUTF(key.model());
      out.writeUTF(key.device());
      out.writeUTF(key.backend());
      out.writeUTF(key.precision());
      out.writeLong(key.batch());
      if (isImported) {
        out.writeLong(entry.arrivedAt().toEpochMilli());
      }
      try (DeflaterOutputStream packed = new DeflaterOutputStream(out, deflater)) {
        packed.write(json.getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    } finally {
      deflater.end();
    }
    ByteBuffer frame = ByteBuffer.wrap(bytes.toByteArray());
    frame.putInt(0, frame.capacity() - HEAD);
    frame.putInt(4, checksum(frame.array(), HEAD));
    return frame;
  }

  static int checksum(byte[] bytes, int offset) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, bytes.length - offset);
    return (int) crc.getValue();
  }

  /** The index entry of a payload whose checksum was right. */
  static HistoryEntry entry(byte[] payload) throws IOException {
    return entry(new DataInputStream(new ByteArrayInputStream(payload)));
  }

  private static HistoryEntry entry(DataInputStream in) throws IOException {
    long number = in.readLong();
    Instant at = Instant.ofEpochMilli(in.readLong());
    int flags = in.readByte();
    double median = in.readDouble();
    SeriesKey key =
        new SeriesKey(
            in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readLong());
    Instant arrivedAt = (flags & IMPORTED) == 0 ? at : Instant.ofEpochMilli(in.readLong());
    return new HistoryEntry(number, at, arrivedAt, key, (flags & VALID) != 0, median);
  }

  static String json(byte[] frame) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(frame));
    in.skipNBytes(HEAD);
    entry(in);
    try (InflaterInputStream packed = new InflaterInputStream(in)) {
      return new String(packed.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
