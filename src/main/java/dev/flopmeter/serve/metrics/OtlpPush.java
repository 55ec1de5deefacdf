package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.config.ServeConfig.Otlp;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.registry.otlp.OtlpConfig;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Pushes over OTLP/HTTP, for machines that cannot be scraped. */
final class OtlpPush {
  private OtlpPush() {}

  /** A registry that pushes by itself until it is closed. */
  static MeterRegistry registry(Otlp otlp) {
    return new OtlpMeterRegistry(
        new OtlpConfig() {
          @Override
          public @Nullable String get(String key) {
            return null;
          }

          @Override
          public String url() {
            return otlp.url();
          }

          @Override
          public Duration step() {
            return otlp.interval();
          }

          @Override
          public Map<String, String> headers() {
            return otlp.headers();
          }

          @Override
          public Map<String, String> resourceAttributes() {
            return Map.of("service.name", "flopmeter", "service.instance.id", host());
          }
        },
        Clock.SYSTEM);
  }

  /** A scraper knows whom it asked; a receiver has to be told, or machines overwrite each other. */
  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      // It says "host: host: unknown name"; the name is good enough.
      return String.valueOf(e.getMessage()).split(":", 2)[0];
    }
  }
}
