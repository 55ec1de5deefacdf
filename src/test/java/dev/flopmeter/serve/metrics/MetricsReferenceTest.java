package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MetricsReferenceTest {
  @Test
  void theReferenceSaysWhatTheCodeDoes() {
    assertThat(Path.of("docs/metrics.md")).hasContent(MetricsReference.markdown());
  }

  @Test
  void namesAndHelpAreFitForPrometheus() {
    assertThat(Metric.all())
        .allSatisfy(
            metric -> {
              assertThat(metric.name()).matches("flopmeter_[a-z_]+[a-z]");
              assertThat(metric.help()).endsWith(".").doesNotContain("|");
              assertThat(metric.labels()).doesNotHaveDuplicates();
            });
    assertThat(Metric.all()).extracting(Metric::name).doesNotHaveDuplicates();
  }
}
