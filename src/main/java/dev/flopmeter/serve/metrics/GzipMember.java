package dev.flopmeter.serve.metrics;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * One gzip member (RFC 1952) of two parts that are packed at different times. The first ends at a
 * flush, on a whole byte, so that the second's blocks can follow it. Two members would be shorter
 * to write, but curl and others read only the first.
 */
final class GzipMember {
  private GzipMember() {}

  private static final byte[] HEAD = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 4, (byte) 255};

  /** The first part's blocks. Metrics repeat themselves so much that the quickest level will do. */
  static byte[] first(byte[] plain) {
    return deflate(plain, false);
  }

  /**
   * @param plain the first part
   * @param packed its blocks, from {@link #first}
   */
  static List<byte[]> join(byte[] plain, byte[] packed, byte[] second) {
    byte[] rest = deflate(second, true);
    CRC32 crc = new CRC32();
    crc.update(plain);
    crc.update(second);
    byte[] tail =
        ByteBuffer.allocate(8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt((int) crc.getValue())
            .putInt(plain.length + second.length)
            .array();
    return List.of(HEAD, packed, rest, tail);
  }

  private static byte[] deflate(byte[] plain, boolean isLast) {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    try {
      deflater.setInput(plain);
      if (isLast) {
        deflater.finish();
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream(plain.length / 8 + 64);
      byte[] buffer = new byte[1 << 13];
      int flush = isLast ? Deflater.NO_FLUSH : Deflater.FULL_FLUSH;
      int n = deflater.deflate(buffer, 0, buffer.length, flush);
      while (n > 0) {
        out.write(buffer, 0, n);
        // A buffer that was not filled was all there is; asking again would flush again.
        n = n < buffer.length ? 0 : deflater.deflate(buffer, 0, buffer.length, flush);
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }
}
