package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is known of a GPU before anything has run on it. */
class DeviceListingTest {
  private static Device card(String name, String sms) {
    return new Device(
        DeviceKind.CUDA,
        "cuda:0",
        name,
        Map.of("compute_capability", "9.0", "sm_count", sms, "clock_hz", "1980000000"),
        false);
  }

  @Test
  void aKnownCardHasItsPeaks() {
    assertThat(DeviceListing.peaks(card("NVIDIA H200", "132")))
        .contains(
            Map.of("basis", "datasheet", "precision", "bf16", "flops_per_second", 989e12),
            Map.of("basis", "datasheet", "bytes_per_second", 4.8e12))
        .anyMatch(peak -> peak.get("basis").equals("clock_adjusted"));
  }

  @Test
  void aSliceOfItHasOnlyThoseOfItsMultiprocessors() {
    assertThat(DeviceListing.peaks(card("NVIDIA H200 MIG 1g.18gb", "16")))
        .isNotEmpty()
        .allMatch(peak -> peak.get("basis").equals("clock_adjusted"))
        // 16 multiprocessors, 4096 FLOP a clock each
        .contains(
            Map.of(
                "basis",
                "clock_adjusted",
                "precision",
                "bf16",
                "flops_per_second",
                16 * 1980e6 * 4096));
  }

  @Test
  void anUnknownOneHasNone() {
    assertThat(DeviceListing.peaks(new Device(DeviceKind.CUDA, "cuda:0", "Other", Map.of(), false)))
        .isEmpty();
  }
}
