package dev.flopmeter.cli.output;

import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A stream that keeps its first failure instead of throwing it, and drops everything after it. The
 * layers above (picocli, {@code PrintWriter}) would swallow an exception; this one stores it.
 */
public final class OutputSink extends OutputStream {
  private final OutputStream stream;
  private @Nullable IOException failure;

  public OutputSink(OutputStream stream) {
    this.stream = stream;
  }

  @Override
  public synchronized void write(byte[] bytes, int from, int length) {
    try {
      if (failure == null) {
        stream.write(bytes, from, length);
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  @Override
  public synchronized void write(int value) {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public synchronized void flush() {
    try {
      if (failure == null) {
        stream.flush();
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  @Override
  public synchronized void close() {
    try {
      if (failure == null) {
        stream.close();
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  /** Whether a write failed, for example because the reader of a pipe has closed it. */
  public synchronized boolean isBroken() {
    return failure != null;
  }

  /**
   * Reports the failure, if there was one. A reader that closed its end of a pipe has seen enough
   * ({@code | head}), which is not a failure.
   *
   * @param where names the output in the message
   * @throws OutputException if a write failed
   */
  public synchronized void check(String where) {
    if (failure != null) {
      OutputException.requireReaderGone(where, failure);
    }
  }
}
