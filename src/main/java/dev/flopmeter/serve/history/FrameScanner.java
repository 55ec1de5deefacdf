package dev.flopmeter.serve.history;

import dev.flopmeter.serve.history.Segment.Located;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Looks for frames at any position of a file. Positions without a possible head are rejected by
 * their first bytes, so that a search byte by byte computes almost no checksums.
 */
final class FrameScanner implements Closeable {
  private static final int WINDOW_BYTES = 1 << 16;

  /** Up to the validity, behind number and time. */
  private static final int VALIDITY = Frame.HEAD + 2 * Long.BYTES;

  /** Up to the workload's name, behind the median. */
  private static final int NAME = VALIDITY + 1 + Double.BYTES;

  /** Up to the first letter of the name: enough to refuse almost everything. */
  private static final int LEAST = NAME + Short.BYTES + 1;

  /** No history counts so far; in random bytes it is one in 2^24. */
  private static final long MOST_NUMBER = 1L << 40;

  private final FileChannel file;
  private final long size;
  private ByteBuffer window = ByteBuffer.allocate(0);
  private long start;

  /** Index in the window of the last position that was looked at. */
  private int at;

  FrameScanner(Path path, long size) throws IOException {
    this.file = FileChannel.open(path);
    this.size = size;
  }

  /** The frame that begins at a position; null if none does. */
  @Nullable Located frameAt(long position) throws IOException {
    if (size - position < LEAST) {
      return null;
    }
    int length = payloadAt(position);
    if (length < 0 || length > size - position - Frame.HEAD) {
      return null;
    }
    byte[] payload = bytes(position + Frame.HEAD, length);
    if (Frame.checksum(payload, 0) != window.getInt(at + 4)) {
      return null;
    }
    try {
      return new Located(Frame.entry(payload), position + Frame.HEAD, length);
    } catch (IOException e) {
      return null; // its checksum matches by chance
    }
  }

  /** Whether the rest of the file is the start of a frame, as a killed process leaves it. */
  boolean isCutAt(long position) throws IOException {
    if (size - position < LEAST) {
      return true;
    }
    long rest = size - position - Frame.HEAD;
    // If the payload is whole, it is the length that is wrong.
    return payloadAt(position) > rest
        && Frame.checksum(bytes(position + Frame.HEAD, (int) rest), 0) != window.getInt(at + 4);
  }

  /** Goes to a position; bytes of the payload of a frame that may begin there, -1 if none does. */
  private int payloadAt(long position) throws IOException {
    if (position < start || position + LEAST > start + window.limit()) {
      window = ByteBuffer.wrap(bytes(position, (int) Math.min(WINDOW_BYTES, size - position)));
      start = position;
    }
    at = (int) (position - start);
    int length = window.getInt(at);
    long number = window.getLong(at + Frame.HEAD);
    int validity = window.get(at + VALIDITY);
    short nameLength = window.getShort(at + NAME);
    boolean isPlausible =
        length >= LEAST - Frame.HEAD
            && length <= Frame.LONGEST
            && number >= 0
            && number < MOST_NUMBER
            && (validity & ~Frame.FLAGS) == 0
            && nameLength > 0
            && nameLength < length
            && Character.isLetterOrDigit(window.get(at + LEAST - 1));
    return isPlausible ? length : -1;
  }

  byte[] bytes(long position, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, position + bytes.position()) < 0) {
        throw new EOFException("was truncated while it was read");
      }
    }
    return bytes.array();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
