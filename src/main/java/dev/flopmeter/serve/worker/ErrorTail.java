package dev.flopmeter.serve.worker;

import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The end of what a process wrote to its standard error. */
final class ErrorTail {
  private static final int KEPT = 8192;
  private static final int LONGEST_LINE = 300;

  private final StringBuilder tail = new StringBuilder();

  /** Reads until the end. */
  void drain(InputStream in) throws IOException {
    Reader text = new InputStreamReader(in, StandardCharsets.UTF_8);
    char[] buffer = new char[4096];
    for (int n = text.read(buffer); n >= 0; n = text.read(buffer)) {
      add(new String(buffer, 0, n));
    }
  }

  private synchronized void add(String text) {
    tail.append(text);
    tail.delete(0, Math.max(0, tail.length() - KEPT));
  }

  /** The last line that is not blank, without control characters. */
  synchronized String lastLine() {
    return tail.toString()
        .lines()
        .filter(line -> !line.isBlank())
        .reduce((first, second) -> second)
        .map(line -> Cut.end(Printable.of(line), LONGEST_LINE))
        .orElse("");
  }

  synchronized boolean isOutOfMemory() {
    String text = tail.toString().toLowerCase(Locale.ROOT);
    return text.contains("out of memory") || text.contains("outofmemory");
  }
}
