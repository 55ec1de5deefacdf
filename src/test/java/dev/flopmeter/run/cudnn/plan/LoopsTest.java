package dev.flopmeter.run.cudnn.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
    // Batch stays separate, height and width are joined, channels are innermost.
    assertThat(loops.sizes()).containsExactly(1, 1, 1, 1, 1, 2, 5 * 7, 3);
    assertThat(loops.strides().get(0)).endsWith(3 * 5 * 7, 3, 1);
    assertThat(loops.strides().get(1)).endsWith(3 * 5 * 7, 1, 5 * 7);
  }

  private static TensorView large(long... dims) {
    return TensorView.of(
        Buffer.activation("large", Shape.of(dims).elements(), ElementType.F16),
        ElementType.F16,
        Shape.of(dims),
        MemoryLayout.PLAIN);
  }

  @Test
  void aLoopHasNoMoreTurnsThanAnInt() {
    TensorView images = large(1024, 64, 224, 224);
    Loops loops = Loops.over(images.shape(), images, images);
    assertThat(loops.sizes()).containsExactly(1, 1, 1, 1, 1, 1, 1024, 64 * 224 * 224);
    assertThat(loops.strides().get(1)).endsWith(64 * 224 * 224, 1);
  }

  @Test
  void moreElementsThanKernelsCountAreRefused() {
    TensorView images = large(2048, 64, 224, 224);
    assertThatThrownBy(() -> Loops.over(images.shape(), images))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("2048x64x224x224 has over 2^32 - 1 elements; use a smaller batch");
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
