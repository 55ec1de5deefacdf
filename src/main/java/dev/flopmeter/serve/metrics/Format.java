package dev.flopmeter.serve.metrics;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The formats of a scrape that can be asked for; of two with equal quality the later one is sent.
 */
public enum Format {
  /** Prometheus' text format, which everything reads. */
  TEXT(PrometheusTextFormatWriter.builder().build(), "text/plain"),
  /** OpenMetrics, with created timestamps. */
  OPEN_METRICS(
      OpenMetricsTextFormatWriter.builder().setCreatedTimestampsEnabled(true).build(),
      "application/openmetrics-text"),
  /** Prometheus' protobuf format, the only one with native histograms. */
  PROTOBUF(
      new PrometheusProtobufWriter(),
      "application/vnd.google.protobuf;proto=io.prometheus.client.metricfamily;encoding=delimited");

  private static final Pattern QUALITY =
      Pattern.compile(";\\s*q=([01](?:\\.\\d{0,3})?)\\s*(?=;|$)");

  @SuppressWarnings("ImmutableEnumChecker") // has no state
  private final ExpositionFormatWriter writer;

  private final String asked;

  Format(ExpositionFormatWriter writer, String asked) {
    this.writer = writer;
    this.asked = asked;
  }

  public String contentType() {
    return writer.getContentType();
  }

  ExpositionFormatWriter writer() {
    return writer;
  }

  private List<String> parts() {
    return List.of(asked.split(";", -1));
  }

  /** The format for a client with this Accept header. */
  public static Format accepted(String accept) {
    Format best = TEXT;
    double most = 0;
    for (String range : accept.toLowerCase(Locale.ROOT).replace("\"", "").split(",", -1)) {
      Matcher given = QUALITY.matcher(range);
      double quality = given.find() ? Double.parseDouble(given.group(1)) : 1;
      List<String> parts = List.of(range.strip().split("\\s*;\\s*", -1));
      for (Format format : values()) {
        boolean isBetter = quality > most || (quality == most && format.compareTo(best) > 0);
        if (quality > 0 && isBetter && parts.containsAll(format.parts())) {
          best = format;
          most = quality;
        }
      }
    }
    return best;
  }
}
