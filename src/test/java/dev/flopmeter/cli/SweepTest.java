package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A case of a sweep that cannot be measured is named, and the others are measured. */
class SweepTest {
  private static Flop profile(String... options) {
    String[] args = new String[options.length + 6];
    System.arraycopy(
        new String[] {
          "profile", "resnet18", "--backend", "djl", "--device", "cpu", "--no-roof", "--no-check"
        },
        0,
        args,
        0,
        6);
    System.arraycopy(options, 0, args, 6, options.length);
    return Flop.run(args);
  }

  @Test
  void aPrecisionThatTheBackendLacksLeavesTheOthers() {
    Flop run = profile("--precision", "fp16,fp32", "--max-time", "300ms", "--format", "csv");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.out()).contains(",fp32,1,").doesNotContain(",fp16,1,");
    assertThat(run.err()).contains("flopmeter: fp16: the backend 'djl' computes in fp32 only");
  }

  @Test
  void aBatchThatDoesNotFitLeavesTheOthers() {
    Flop run = profile("--batch", "1,30000", "--max-time", "300ms", "--format", "csv");
    assertThat(run.code()).isEqualTo(3);
    assertThat(run.out()).contains(",fp32,1,").doesNotContain(",30000,");
    assertThat(run.err()).contains("flopmeter: fp32, batch 30000: ").contains("2 GiB");
  }

  @Test
  void ifNothingCanBeMeasuredThereIsNoResult() {
    Flop run = profile("--precision", "fp16");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines().filter(line -> line.startsWith("flopmeter:"))).hasSize(1);
  }
}
