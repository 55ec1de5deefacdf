package dev.flopmeter.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.report.StatusPage.Health;
import dev.flopmeter.report.StatusPage.Latest;
import dev.flopmeter.report.StatusPage.Series;
import dev.flopmeter.report.StatusPage.View;
import dev.flopmeter.report.StatusPage.Workload;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The heading says the worst of what the page shows. */
class StatusPageTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static String page(Health health, boolean valid) {
    Latest latest = new Latest(NOW, true, valid, 0.01, 100, 1e9, null, null, valid ? 0 : 1);
    Series series = new Series("cpu", "djl", "fp32", 1, latest, List.of());
    Workload workload =
        new Workload("vision", "resnet50", health, "waiting", null, null, true, List.of(series));
    return StatusPage.render(
        new View("1.0.0", NOW, NOW, List.of(), List.of(workload), List.of(), List.of()), "nonce");
  }

  @Test
  void allIsWellOnlyWithValidResults() {
    assertThat(page(Health.GOOD, true)).contains("<h1>1 workload, all well</h1>");
    assertThat(page(Health.GOOD, false)).contains("<h1>1 workload, 1 result not valid</h1>");
  }

  @Test
  void aFailingWorkloadIsWorseThanAnInvalidResult() {
    assertThat(page(Health.BAD, false)).contains("<h1>1 of 1 workload failing</h1>");
  }
}
