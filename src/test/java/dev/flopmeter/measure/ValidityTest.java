package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Sensors;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Rules 7 and 10: the conditions of a measurement are reported, and emulated devices have no peak.
 */
class ValidityTest {
  private static List<String> warnings(int otherProcesses, List<String> throttling) {
    Validity validity = new Validity();
    validity.judgeSurroundings(
        new Sensors(
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            otherProcesses,
            null,
            null,
            throttling,
            Map.of()));
    assertThat(validity.isValid()).isTrue();
    return validity.warnings();
  }

  @Test
  void neighboursOnTheDeviceAreAWarning() {
    assertThat(warnings(0, List.of())).isEmpty();
    assertThat(warnings(1, List.of())).containsExactly("1 other process uses the device");
    assertThat(warnings(2, List.of())).containsExactly("2 other processes use the device");
  }

  @Test
  void throttlingIsAWarning() {
    assertThat(warnings(0, List.of("sw_power_cap")))
        .containsExactly("the device was throttled: sw_power_cap");
  }

  @Test
  void theReasonOfAnInvalidResultComesFirst() {
    Validity validity = new Validity();
    validity.warn("a neighbour");
    validity.judgeNoise(0.3);
    assertThat(validity.isValid()).isFalse();
    assertThat(validity.warnings()).hasSize(2).element(0).asString().contains("scatter by 30.0 %");
    assertThat(validity.warnings()).endsWith("a neighbour");
  }

  @Test
  void anEmulatedDeviceHasNoDatasheet() {
    String card = "NVIDIA H100 80GB HBM3";
    assertThat(datasheet(card, false)).isNotNull();
    assertThat(datasheet(card, true)).isNull();
  }

  private static ProfileResult.Roof datasheet(String card, boolean isEmulated) {
    Device device = new Device(DeviceKind.CUDA, "cuda:0", card, Map.of(), isEmulated);
    return new DeviceRoofs(device, Datasheet.load(), null)
        .at(Precision.FP16, null)
        .roofs()
        .datasheet();
  }
}
