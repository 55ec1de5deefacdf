package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A node's sample as a line of JSON. */
class NodeSampleTest {
  @Test
  void namesWhatIsAbsentInTheSameOrderInEveryRun() {
    Map<String, String> absent =
        Map.of("power", "x", "clocks", "x", "energy", "x", "owners", "x", "a", "x", "fan", "x");
    assertThat(
            new NodeSample(NodeSample.SCHEMA, true, List.of(), List.of(), List.of(), absent).json())
        .contains(
            "{\"a\":\"x\",\"clocks\":\"x\",\"energy\":\"x\",\"fan\":\"x\",\"owners\":\"x\",\"power\":\"x\"}");
  }
}
