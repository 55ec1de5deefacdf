package dev.flopmeter.serve.metrics;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The text of a scrape. Our own metrics change only when something happened, so they are rendered
 * then, and a scrape copies bytes; the JVM's and the process' are rendered each time. They are in a
 * registry of their own, since choosing by name would first collect all of ours.
 *
 * <p>Thread-safe.
 */
public final class Exposition {
  /** The formats that can be asked for. */
  public enum Format {
    /** Prometheus' text format, which everything reads. */
    TEXT("text/plain; version=0.0.4; charset=utf-8"),
    /** OpenMetrics, with created timestamps. */
    OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

    private final String contentType;

    Format(String contentType) {
      this.contentType = contentType;
    }

    public String contentType() {
      return contentType;
    }

    /** What a client that sends this Accept header should get. */
    public static Format accepted(String accept) {
      return accept.contains("application/openmetrics-text") ? OPEN_METRICS : TEXT;
    }
  }

  private record Rendered(Bytes plain, Bytes packed) {}

  /** Bytes that nobody changes. */
  private static final class Bytes {
    final byte[] content;

    Bytes(byte[] content) {
      this.content = content;
    }
  }

  private static final byte[] EOF = "# EOF\n".getBytes(StandardCharsets.UTF_8);

  private final PrometheusRegistry ours;
  private final PrometheusRegistry process;
  private final Map<Format, ExpositionFormatWriter> writers = new EnumMap<>(Format.class);
  private final Set<Format> wanted = EnumSet.of(Format.TEXT);
  private volatile Map<Format, Rendered> rendered = Map.of();

  Exposition(PrometheusRegistry ours, PrometheusRegistry process) {
    this.ours = ours;
    this.process = process;
    writers.put(Format.TEXT, PrometheusTextFormatWriter.builder().build());
    writers.put(
        Format.OPEN_METRICS,
        OpenMetricsTextFormatWriter.builder().setCreatedTimestampsEnabled(true).build());
  }

  /** Renders our metrics again, in the formats that anyone has asked for. */
  synchronized void render() {
    Map<Format, Rendered> next = new EnumMap<>(Format.class);
    for (Format format : wanted) {
      byte[] plain = text(format, ours, true);
      next.put(format, new Rendered(new Bytes(plain), new Bytes(GzipParts.first(plain))));
    }
    rendered = next;
  }

  private synchronized Rendered want(Format format) {
    wanted.add(format);
    render();
    return Objects.requireNonNull(rendered.get(format));
  }

  /** A whole scrape. What does not change is not copied for it. */
  public Parts scrape(Format format, boolean isGzipped) {
    Rendered kept = rendered.get(format);
    if (kept == null) {
      kept = want(format);
    }
    byte[] others = text(format, process, false);
    return isGzipped
        ? GzipParts.join(kept.plain().content, kept.packed().content, others)
        : new Parts(List.of(kept.plain().content, others));
  }

  private byte[] text(Format format, PrometheusRegistry registry, boolean isMoreToCome) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 14);
    try {
      ExpositionFormatWriter writer = Objects.requireNonNull(writers.get(format));
      writer.write(out, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    }
    byte[] text = out.toByteArray();
    boolean isEnded = format == Format.OPEN_METRICS && isMoreToCome;
    return isEnded ? Arrays.copyOf(text, text.length - EOF.length) : text;
  }
}
