package dev.flopmeter.report.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressBarTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final AtomicLong clock = new AtomicLong();

  @Test
  void aTerminalSeesABarWithTheRemainingTime() {
    try (ProgressBar bar = bar(true)) {
      clock.set(3_000_000_000L);
      bar.report("measure", 0.25, "batch 8");
    }

    assertThat(text())
        .startsWith("\r" + "━".repeat(6) + "─".repeat(18) + " 25 %  measure, batch 8, 9 s left")
        .endsWith("\r\u001b[K");
  }

  @Test
  void aLogGetsALineForEachPhaseAndEveryTenSeconds() {
    ProgressBar bar = bar(false);
    bar.report("prepare", 0, "");
    for (int second = 1; second <= 25; second++) {
      clock.set(second * 1_000_000_000L);
      bar.report("measure", second / 100.0, "");
    }

    assertThat(text().lines())
        .containsExactly(
            "0 %  prepare", "1 %  measure", "11 %  measure, 89 s left", "21 %  measure, 79 s left");
    assertThat(text()).doesNotContain("\r");
  }

  private ProgressBar bar(boolean isTerminal) {
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    return new ProgressBar(out, TerminalStyle.PLAIN, isTerminal, clock::get);
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
