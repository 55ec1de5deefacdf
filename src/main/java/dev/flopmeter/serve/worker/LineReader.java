package dev.flopmeter.serve.worker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads lines of bounded length from a process whose output is not trusted. */
final class LineReader {
  private final InputStream in;
  private final int longest;
  private final byte[] buffer = new byte[8192];
  private int position;
  private int limit;

  LineReader(InputStream in, int longest) {
    this.in = in;
    this.longest = longest;
  }

  /**
   * A line.
   *
   * @param isComplete whether it ends with a line break
   * @param isTooLong whether its end was discarded
   */
  record Line(String text, boolean isComplete, boolean isTooLong) {}

  /** The next line; null at the end. */
  @Nullable Line next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    boolean isTooLong = false;
    boolean isEmpty = true;
    while (true) {
      if (position == limit) {
        limit = Math.max(0, in.read(buffer));
        position = 0;
        if (limit == 0) {
          return isEmpty ? null : new Line(line.toString(StandardCharsets.UTF_8), false, isTooLong);
        }
      }
      isEmpty = false;
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      if (line.size() + (end - position) > longest) {
        isTooLong = true;
      } else if (!isTooLong) {
        line.write(buffer, position, end - position);
      }
      position = end;
      if (end < limit) {
        position++;
        return new Line(line.toString(StandardCharsets.UTF_8), true, isTooLong);
      }
    }
  }
}
