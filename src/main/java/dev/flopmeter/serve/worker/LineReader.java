package dev.flopmeter.serve.worker;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads lines of bounded length from a process whose output is not trusted. */
final class LineReader {
  private final InputStream in;
  private final int longest;

  LineReader(InputStream in, int longest) {
    this.in = new BufferedInputStream(in);
    this.longest = longest;
  }

  /**
   * @param isComplete whether it ends with a line break
   * @param isTooLong whether its end was discarded
   */
  record Line(String text, boolean isComplete, boolean isTooLong) {}

  /** The next line; null at the end. */
  @Nullable Line next() throws IOException {
    int next = in.read();
    if (next < 0) {
      return null;
    }
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    boolean isTooLong = false;
    for (; next >= 0 && next != '\n'; next = in.read()) {
      isTooLong |= line.size() == longest;
      if (!isTooLong) {
        line.write(next);
      }
    }
    return new Line(line.toString(StandardCharsets.UTF_8), next == '\n', isTooLong);
  }
}
