package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Resource;
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

  @Test
  void metricsShowFieldsThatResultsHave() {
    String schema = Resource.text(Metric.class, "/dev/flopmeter/schema/profile-1.json");
    assertThat(Csv.rows(Metric.class, "fields.csv"))
        .allSatisfy(
            row -> {
              assertThat(
                      row.get(2).isEmpty()
                          || Metric.named(row.get(1)).labels().contains(row.get(2)))
                  .as(row.get(1))
                  .isTrue();
              assertThat(row.get(4).substring(1).split("/"))
                  .allSatisfy(field -> assertThat(schema).contains('"' + field + '"'));
            });
  }
}
