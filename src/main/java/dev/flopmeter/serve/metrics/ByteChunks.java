package dev.flopmeter.serve.metrics;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** Bytes in several pieces, so that a large piece can be part of many answers at once. */
public final class ByteChunks {
  private final List<byte[]> pieces;

  ByteChunks(List<byte[]> pieces) {
    this.pieces = List.copyOf(pieces);
  }

  public long length() {
    return pieces.stream().mapToLong(piece -> piece.length).sum();
  }

  public void writeTo(OutputStream out) throws IOException {
    for (byte[] piece : pieces) {
      out.write(piece);
    }
  }
}
