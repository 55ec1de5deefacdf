package dev.flopmeter.serve.http;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Hands a large answer to the socket piece by piece. The JDK copies what one write is given into
 * memory outside the heap and keeps that for the thread's next answer: a few threads with answers
 * of some megabytes each would come to its limit, and their clients would wait for the rest.
 */
final class SmallPieces extends FilterOutputStream {
  private static final int PIECE = 1 << 14;

  SmallPieces(OutputStream out) {
    super(out);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int end = offset + length;
    for (int at = offset; at < end; at += PIECE) {
      out.write(bytes, at, Math.min(PIECE, end - at));
    }
  }
}
