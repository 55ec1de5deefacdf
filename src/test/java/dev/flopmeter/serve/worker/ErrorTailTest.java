package dev.flopmeter.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The end of what a worker writes to its standard error. */
class ErrorTailTest {
  @Test
  void aCharacterThatArrivesInTwoPiecesIsOne() throws Exception {
    String last = "y".repeat(94) + "é";
    String text = "x".repeat(4000) + "\n" + last; // é begins at the last byte of the first 4096
    ErrorTail tail = new ErrorTail();
    tail.drain(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    assertThat(tail.lastLine()).isEqualTo(last);
  }
}
