package dev.flopmeter.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.report.json.ChromeTrace;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.SampleResult;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The layers of a result as a track in a trace viewer. */
class ChromeTraceTest {
  @Test
  void layersFollowEachOtherWithTheirMedians() {
    ProfileResult result =
        SampleResult.of(
            Instant.EPOCH,
            0.003,
            true,
            List.of(SampleResult.layer("a", 0.001), SampleResult.layer("b", 0.002)));
    JsonNode events =
        JsonMapper.shared()
            .readTree(ChromeTrace.render(List.of(result, result)))
            .path("traceEvents");
    List<JsonNode> layers =
        events.valueStream().filter(event -> event.path("ph").asString().equals("X")).toList();
    assertThat(layers)
        .extracting(event -> event.path("name").asString())
        .containsExactly("a", "b", "a", "b");
    assertThat(layers)
        .extracting(event -> event.path("ts").asDouble())
        .containsExactly(0.0, 1000.0, 0.0, 1000.0);
    assertThat(layers)
        .extracting(event -> event.path("dur").asDouble())
        .containsExactly(1000.0, 2000.0, 1000.0, 2000.0);
    assertThat(layers).extracting(event -> event.path("tid").asInt()).containsExactly(1, 1, 2, 2);
    assertThat(layers.get(0).path("args").path("macs").asLong()).isEqualTo(10);
  }

  /**
   * Google's "Trace Event Format" requires name, ph, pid and tid, and for complete events also ts
   * and dur; readers such as TracerBench's require cat for every event, as Chrome writes it.
   */
  @Test
  void everyEventHasTheFieldsOfTheFormat() {
    ProfileResult result =
        SampleResult.of(Instant.EPOCH, 0.003, true, List.of(SampleResult.layer("a\"\n", 0.001)));
    JsonNode trace = JsonMapper.shared().readTree(ChromeTrace.render(List.of(result)));
    assertThat(trace.path("displayTimeUnit").asString()).isEqualTo("ms");
    assertThat(trace.path("traceEvents")).hasSize(3);
    for (JsonNode event : trace.path("traceEvents")) {
      assertThat(event.path("name").asString()).isNotEmpty();
      assertThat(event.path("cat").asString()).isNotEmpty();
      assertThat(event.path("ph").asString()).isIn("M", "X");
      assertThat(event.path("pid").isInt() && event.path("tid").isInt()).isTrue();
      assertThat(event.path("ts").isNumber()).isTrue();
      assertThat(event.path("args").isObject()).isTrue();
      if (event.path("ph").asString().equals("X")) {
        assertThat(event.path("dur").asDouble()).isPositive();
      } else {
        assertThat(event.path("name").asString()).isIn("process_name", "thread_name");
        assertThat(event.path("args").path("name").asString()).isNotEmpty();
      }
    }
  }
}
