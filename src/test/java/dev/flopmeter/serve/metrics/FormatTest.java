package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The format that a client gets for its Accept header. */
class FormatTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                                                                               | TEXT
          */*                                                                              | TEXT
          text/html, application/xhtml+xml, */*;q=0.8                                      | TEXT
          application/openmetrics-text                                                     | OPEN_METRICS
          text/plain, application/openmetrics-text                                         | OPEN_METRICS
          text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5       | TEXT
          application/openmetrics-text;q=0, text/plain;q=0.1                               | TEXT
          Application/OpenMetrics-Text ; Version=1.0.0                                     | OPEN_METRICS
          text/plain;q=0.9, application/openmetrics-text;q=0.8;charset=utf-8               | TEXT
          application/vnd.google.protobuf;proto="io.prometheus.client.MetricFamily";encoding=delimited | PROTOBUF
          application/vnd.google.protobuf                                                  | TEXT
          application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text | TEXT
          application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited | PROTOBUF
          application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.4,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2 | OPEN_METRICS
          """)
  void theFormatWithTheHighestQualityIsSent(String accept, Format format) {
    assertThat(Format.accepted(accept)).isEqualTo(format);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # Prometheus 2.42, without and with native histograms
          application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | OPEN_METRICS
          application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | PROTOBUF
          # Prometheus 3
          application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2 | OPEN_METRICS
          application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.2 | PROTOBUF
          """)
  void prometheusGetsProtobufWhereItAsksForIt(String accept, Format format) {
    assertThat(Format.accepted(accept)).isEqualTo(format);
  }
}
