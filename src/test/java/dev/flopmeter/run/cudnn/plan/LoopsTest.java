package dev.flopmeter.run.cudnn.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Shape;
import org.junit.jupiter.api.Test;

class LoopsTest {
  private static final Shape IMAGE = Shape.of(2, 3, 5, 7);

  private static TensorView view(MemoryLayout format) {
    return TensorView.of(
        Buffer.activation("v", 210, ElementType.F32), ElementType.F32, IMAGE, format);
  }

  @Test
  void operandsOfOneLayoutAreOneLoop() {
    TensorView nhwc = view(MemoryLayout.CHANNELS_LAST);
    Loops loops = Loops.over(IMAGE, nhwc, nhwc);
    assertThat(loops.sizes()).containsExactly(1, 1, 1, 1, 1, 1, 1, 2 * 3 * 5 * 7);
    assertThat(loops.strides().get(0)).endsWith(1);
  }

  @Test
  void theInnermostLoopWalksAlongWhatIsWritten() {
    Loops loops = Loops.over(IMAGE, view(MemoryLayout.CHANNELS_LAST), view(MemoryLayout.PLAIN));
    // Batch stays apart, height and width join, channels are innermost.
    assertThat(loops.sizes()).containsExactly(1, 1, 1, 1, 1, 2, 5 * 7, 3);
    assertThat(loops.strides().get(0)).endsWith(3 * 5 * 7, 3, 1);
    assertThat(loops.strides().get(1)).endsWith(3 * 5 * 7, 1, 5 * 7);
  }

  @Test
  void aRepeatedOperandHasStrideZero() {
    TensorView channel =
        TensorView.of(
                Buffer.activation("c", 3, ElementType.F32),
                ElementType.F32,
                Shape.of(3, 1, 1),
                MemoryLayout.PLAIN)
            .broadcastTo(IMAGE);
    Loops loops = Loops.over(IMAGE, view(MemoryLayout.PLAIN), channel);
    assertThat(loops.sizes()).endsWith(2, 3, 5 * 7);
    assertThat(loops.strides().get(1)).endsWith(0, 1, 0);
  }
}
