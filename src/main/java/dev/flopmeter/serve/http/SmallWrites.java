package dev.flopmeter.serve.http;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Passes large arrays on in small pieces. For each write to a socket the JDK takes a buffer outside
 * the heap as large as the write, and keeps it with the thread: a few threads that once wrote
 * megabytes would use up all such memory, and the next answer could not be written.
 */
final class SmallWrites extends FilterOutputStream {
  static final int MOST_BYTES = 64 << 10;

  SmallWrites(OutputStream out) {
    super(out);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    for (int done = 0; done < length; done += MOST_BYTES) {
      out.write(bytes, offset + done, Math.min(MOST_BYTES, length - done));
    }
  }
}
