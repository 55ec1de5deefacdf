package dev.flopmeter.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SmallWritesTest {
  /** Remembers the largest write. */
  private static final class Sink extends ByteArrayOutputStream {
    private int largest;

    @Override
    public void write(byte[] bytes, int offset, int length) {
      largest = Math.max(largest, length);
      super.write(bytes, offset, length);
    }
  }

  @Test
  void everyByteArrivesInPiecesOfBoundedSize() throws IOException {
    byte[] answer = new byte[4_282_677];
    new Random(1).nextBytes(answer);
    Sink sink = new Sink();
    try (SmallWrites out = new SmallWrites(sink)) {
      out.write(answer);
      out.write(answer, 5, 7);
      out.write(answer, 0, 0);
    }
    byte[] arrived = sink.toByteArray();
    assertThat(arrived).hasSize(answer.length + 7).startsWith(answer);
    assertThat(arrived).endsWith(java.util.Arrays.copyOfRange(answer, 5, 12));
    assertThat(sink.largest).isEqualTo(SmallWrites.MOST_BYTES);
  }
}
