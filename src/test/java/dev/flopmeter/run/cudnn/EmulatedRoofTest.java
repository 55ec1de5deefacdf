package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code flopmeter roof} prints no rates for a device whose times are not valid, and times nothing
 * else.
 */
class EmulatedRoofTest {
  @RegisterExtension static final EmulatedGpu GPU = new EmulatedGpu();

  private static String roof(String format) throws Exception {
    return EmulatedGpu.output(
        Class.forName("dev.flopmeter.cli.Main"),
        Map.of(),
        "roof",
        "--device",
        "cuda:0",
        "--format",
        format);
  }

  @Test
  void theTableSaysWhyThereAreNoRates() throws Exception {
    assertThat(roof("table"))
        .contains("This device is emulated: its rates are not valid, so none were measured.")
        .doesNotContain("FLOP/s", "GB/s", "An empty step takes");
  }

  @Test
  void theJsonHasNoRoofAtAnyPrecision() throws Exception {
    JsonNode roofs = JsonMapper.builder().build().readTree(roof("json"));
    assertThat(roofs.path("device").path("emulated").asBoolean(false)).isTrue();
    assertThat(roofs.has("levels")).isFalse();
    assertThat(roofs.path("precisions").isEmpty()).isFalse();
    roofs.path("precisions").forEach(one -> assertThat(one.isEmpty()).as("%s", one).isTrue());
  }

  @Test
  void nothingIsComparedByTurnsThere() throws Exception {
    Class<?> main = Class.forName("dev.flopmeter.cli.Main");
    String[] words = {"compare", "--run", "resnet18", "resnet18", "--device", "cuda:0"};
    assertThat(EmulatedGpu.output(main, Map.of(), words)).isEmpty();
  }
}
