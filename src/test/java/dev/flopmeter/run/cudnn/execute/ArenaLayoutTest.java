package dev.flopmeter.run.cudnn.execute;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.run.cudnn.execute.ArenaLayout.Life;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ArenaLayoutTest {

  private static Life life(long bytes, int first, int last) {
    return new Life(Buffer.activation("block", bytes / 4, ElementType.F32), first, last);
  }

  @Test
  void buffersThatAreNeverAliveTogetherShareMemory() {
    Life early = life(1024, 0, 1);
    Life late = life(1024, 2, 3);
    ArenaLayout layout = ArenaLayout.of(List.of(early, late));
    assertThat(layout.bytes()).isEqualTo(1024);
    assertThat(layout.offsets().get(early.block())).isEqualTo(layout.offsets().get(late.block()));
  }

  @Test
  void aStepsInputAndOutputNeverShare() {
    Life input = life(1024, 0, 1);
    Life output = life(512, 1, 2);
    assertThat(ArenaLayout.of(List.of(input, output)).bytes()).isEqualTo(1024 + 512);
  }

  @Test
  void aChainOfEqualBuffersNeedsTwo() {
    List<Life> chain = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      chain.add(life(4096, i, i + 1));
    }
    assertThat(ArenaLayout.of(chain).bytes()).isEqualTo(2 * 4096);
  }

  @Test
  void liveBlocksNeverOverlapAndAreAligned() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<Life> lives = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        int first = random.nextInt(30);
        lives.add(life(4L * random.nextInt(5000), first, first + random.nextInt(10)));
      }
      ArenaLayout layout = ArenaLayout.of(lives);
      for (Life a : lives) {
        long start = layout.offsets().get(a.block());
        assertThat(start % ArenaLayout.ALIGNMENT).isZero();
        assertThat(start + a.block().bytes()).isLessThanOrEqualTo(layout.bytes());
        for (Life b : lives) {
          if (a != b && a.meets(b)) {
            long other = layout.offsets().get(b.block());
            assertThat(start + a.block().bytes() <= other || other + b.block().bytes() <= start)
                .as("seed " + seed)
                .isTrue();
          }
        }
      }
    }
  }
}
