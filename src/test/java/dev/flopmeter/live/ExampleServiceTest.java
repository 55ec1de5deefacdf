package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.example.InferenceService;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example classifies, and its scrape has the metrics that the Model dashboard queries. */
class ExampleServiceTest {
  private final HttpClient client = HttpClient.newHttpClient();

  private static HttpRequest.Builder request(InferenceService service, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path));
  }

  @Test
  void showsItsEfficiency() throws IOException, InterruptedException {
    try (InferenceService service = new InferenceService(0, 1e12)) {
      int picture = 3 * 64 * 64 * Float.BYTES;
      for (int i = 0; i < 5; i++) {
        HttpRequest classify =
            request(service, "/classify")
                .POST(BodyPublishers.ofByteArray(new byte[picture]))
                .build();
        var answer = client.send(classify, BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).matches("\\d\n");
      }
      HttpRequest scrape = request(service, "/metrics").build();
      List<String> lines = client.send(scrape, BodyHandlers.ofString()).body().lines().toList();
      long macs = 64 * 64 * 32 * 3 * 9 + 32 * 32 * 64 * 32 * 9 + 16 * 16 * 128 * 64 * 9;
      macs += 8 * 8 * 128 * 10;
      assertThat(value(lines, "flopmeter_model_macs{")).isEqualTo((double) macs);
      assertThat(value(lines, "flopmeter_model_flop{")).isGreaterThan(2.0 * macs);
      assertThat(value(lines, "flopmeter_inferences_total{")).isEqualTo(5);
      assertThat(value(lines, "flopmeter_inference_flop_total{")).isEqualTo(5.0 * 2 * macs);
      assertThat(value(lines, "flopmeter_inference_duration_seconds_count{")).isEqualTo(5);
      assertThat(value(lines, "flopmeter_model_flop_utilization_ratio{")).isBetween(1e-9, 1.0);
      assertThat(value(lines, "flopmeter_model_flop_per_second{")).isPositive();
      assertThat(value(lines, "flopmeter_model_busy_seconds_total{")).isPositive();
      assertThat(value(lines, "flopmeter_device_peak_flop_per_second{")).isEqualTo(1e12);
      assertThat(lines).noneMatch(line -> line.startsWith("flopmeter_measurement_discarded"));
      assertThat(lines)
          .anyMatch(line -> line.contains("quantile=\"0.5\"") && line.contains("latency_seconds"));
    }
  }

  private static double value(List<String> lines, String start) {
    return lines.stream()
        .filter(line -> line.startsWith(start))
        .findFirst()
        .map(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .orElseThrow(() -> new AssertionError("no line starts with " + start));
  }
}
