package dev.flopmeter.serve.metrics;

import static io.opentelemetry.proto.metrics.v1.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.flopmeter.serve.config.ServeConfig.Otlp;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import io.micrometer.core.ipc.http.HttpUrlConnectionSender;
import io.micrometer.registry.otlp.OtlpConfig;
import io.micrometer.registry.otlp.OtlpHttpMetricsSender;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import io.micrometer.registry.otlp.OtlpMetricsSender;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.metrics.v1.Sum;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pushes what is published over OTLP/HTTP, for machines that cannot be scraped. A receiver that
 * fails costs one line with the cause; the next line comes when the cause changes or pushing works
 * again.
 */
final class OtlpPush implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(OtlpPush.class);
  private static final Pattern STATUS = Pattern.compile("HTTP status code (\\d+)");
  private static final int LONGEST_CAUSE = 200;
  private static final Duration CONNECTING = Duration.ofSeconds(1);

  private final String receiver;
  private final boolean hasConventions;
  private final OtlpMetricsSender sender;
  private final Consumer<Boolean> listener;
  private final OtlpMeterRegistry registry;
  private final MeterTable meters;
  private volatile String failure = "";

  /**
   * Pushes at its interval until it is closed.
   *
   * @param listener gets false for each failed push, and true for the first successful one
   *     afterwards
   */
  OtlpPush(Otlp otlp, Consumer<Boolean> listener) {
    this.receiver = withoutSecrets(otlp.url());
    this.hasConventions = otlp.hasConventions();
    this.listener = listener;
    this.sender =
        new OtlpHttpMetricsSender(new HttpUrlConnectionSender(CONNECTING, otlp.timeout()));
    this.registry = OtlpMeterRegistry.builder(config(otlp)).metricsSender(this::send).build();
    this.meters = new MeterTable(registry);
  }

  /**
   * Makes these rows all that is pushed.
   *
   * @param hardware takes the place of some by OpenTelemetry's conventions, where these are asked
   *     for
   */
  void show(List<Row> published, List<Row> hardware) {
    List<Row> rows = new ArrayList<>(published);
    if (hasConventions) {
      rows.removeIf(row -> HardwareRows.COVERED.contains(row.metric().name()));
      rows.addAll(hardware);
    }
    meters.show(rows);
  }

  private void send(OtlpMetricsSender.Request request) {
    String cause = "";
    try {
      sender.send(hasConventions ? withSums(request) : request);
    } catch (Exception e) {
      cause = cause(e);
    }
    if (!cause.equals(failure)) {
      if (cause.isEmpty()) {
        logger.info("otlp: pushes to {} succeed again", receiver);
      } else {
        logger.warn("otlp: pushes to {} fail: {}; see otlp.url", receiver, cause);
      }
    }
    boolean isNews = !cause.isEmpty() || !failure.isEmpty();
    failure = cause;
    if (isNews) {
      listener.accept(cause.isEmpty());
    }
  }

  /** The request with sums for what Micrometer takes for gauges. */
  private static OtlpMetricsSender.Request withSums(OtlpMetricsSender.Request request)
      throws InvalidProtocolBufferException {
    ExportMetricsServiceRequest.Builder metrics =
        ExportMetricsServiceRequest.newBuilder().mergeFrom(request.getMetricsData());
    metrics.getResourceMetricsBuilderList().stream()
        .flatMap(resource -> resource.getScopeMetricsBuilderList().stream())
        .flatMap(scope -> scope.getMetricsBuilderList().stream())
        .filter(metric -> HardwareRows.isUpDown(metric.getName()))
        .forEach(
            metric ->
                metric.setSum(
                    Sum.newBuilder()
                        .addAllDataPoints(metric.getGauge().getDataPointsList())
                        .setAggregationTemporality(AGGREGATION_TEMPORALITY_CUMULATIVE)));
    return OtlpMetricsSender.Request.builder(metrics.build().toByteArray())
        .address(Objects.requireNonNull(request.getAddress()))
        .headers(request.getHeaders())
        .compressionMode(request.getCompressionMode())
        .build();
  }

  /** One line, which changes only with the reason. */
  private static String cause(Exception failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = String.valueOf(cause.getMessage());
    Matcher status = STATUS.matcher(message);
    if (status.find()) {
      // Its body may hold a time or an identifier.
      return "HTTP status " + status.group(1);
    }
    String text = cause.getClass().getSimpleName() + ": " + Printable.oneLine(message);
    return Cut.end(text, LONGEST_CAUSE);
  }

  private static String withoutSecrets(String url) {
    URI uri = URI.create(url);
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    return uri.getScheme() + "://" + uri.getHost() + port + uri.getPath();
  }

  private static OtlpConfig config(Otlp otlp) {
    Map<String, String> keys =
        Map.of(
            "otlp.url", otlp.url(),
            "otlp.step", otlp.interval().toString(),
            "otlp.compressionMode", otlp.isGzipped() ? "gzip" : "none");
    return new OtlpConfig() {
      @Override
      public @Nullable String get(String key) {
        return keys.get(key);
      }

      @Override
      public Map<String, String> headers() {
        return otlp.headers();
      }

      @Override
      public Map<String, String> resourceAttributes() {
        Map<String, String> attributes = new HashMap<>();
        attributes.put("service.name", "flopmeter");
        attributes.put("service.instance.id", host());
        attributes.put("host.name", host());
        attributes.putAll(otlp.resource());
        return attributes;
      }
    };
  }

  /** A scraper knows its target; a receiver needs it to tell hosts apart. */
  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      // It says "host: host: unknown name"; the name is enough.
      return String.valueOf(e.getMessage()).split(":", 2)[0];
    }
  }

  @Override
  public void close() {
    registry.close();
  }
}
