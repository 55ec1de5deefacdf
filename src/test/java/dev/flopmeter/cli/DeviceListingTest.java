package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.RoofCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The known properties of a GPU before anything has run on it. */
class DeviceListingTest {
  @TempDir private Path folder;

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
    assertThat(DeviceListing.peaks(card("NVIDIA H200", "132"), Optional.empty()))
        .contains(
            Map.of("basis", "datasheet", "precision", "bf16", "flops_per_second", 989e12),
            Map.of("basis", "datasheet", "bytes_per_second", 4.8e12))
        .anyMatch(peak -> peak.get("basis").equals("clock_adjusted"))
        .allSatisfy(peak -> assertThat(List.copyOf(peak.keySet())).isSorted());
  }

  @Test
  void aSliceOfItHasOnlyThoseOfItsMultiprocessors() {
    assertThat(DeviceListing.peaks(card("NVIDIA H200 MIG 1g.18gb", "16"), Optional.empty()))
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
    assertThat(measured(gpu("Other", "560.35.03", "GPU-1", false))).isEmpty();
  }

  private RoofCache cache() {
    return new RoofCache(folder);
  }

  private static Device gpu(String name, String driver, String uuid, boolean isEmulated) {
    Map<String, String> properties = Map.of("driver", driver, "cudnn", "9.5.1", "uuid", uuid);
    return new Device(DeviceKind.CUDA, "cuda:0", name, properties, isEmulated);
  }

  private List<Map<String, Object>> measured(Device device) {
    return DeviceListing.peaks(device, Optional.of(cache()));
  }

  private Device measuredCard() throws IOException {
    Device card = gpu("Other", "560.35.03", "GPU-1", false);
    MeasuredRoofs roofs =
        new MeasuredRoofs(
            Map.of("bf16", 7.7e14, "fp32", 5e13),
            Map.of("bf16", "MatMul 8192", "fp32", "MatMul 8192"),
            4.3e12,
            List.of(),
            null,
            Instant.parse("2026-11-24T04:00:00Z"),
            Map.of("driver", "560.35.03", "cudnn", "9.5.1", "cuda_driver", "12.6"));
    cache().write("cudnn", card, roofs);
    return card;
  }

  @Test
  void whereRoofWasRunThereAreMeasuredPeaksOfPrecisionsAndMemory() throws IOException {
    assertThat(measured(measuredCard()))
        .containsExactlyInAnyOrder(
            Map.of("basis", "measured", "precision", "bf16", "flops_per_second", 7.7e14),
            Map.of("basis", "measured", "precision", "fp32", "flops_per_second", 5e13),
            Map.of("basis", "measured", "bytes_per_second", 4.3e12));
  }

  @Test
  void roofsOfAnotherDeviceOrDriverOfAnEmulatedOneAndBrokenOnesAreNotPeaks() throws IOException {
    Device card = measuredCard();
    assertThat(measured(gpu("Other", "560.35.03", "GPU-2", false))).isEmpty();
    assertThat(measured(gpu("Other", "570.86.10", "GPU-1", false))).isEmpty();
    assertThat(measured(gpu("Other", "560.35.03", "GPU-1", true))).isEmpty();
    Path file;
    try (Stream<Path> files = Files.list(folder)) {
      file = files.findFirst().orElseThrow();
    }
    for (String broken :
        List.of("", "null", "{\"half\":", "[1]", "{\"flopsPerSecond\": {\"fp32\": \"x\"}}")) {
      Files.writeString(file, broken);
      assertThat(measured(card)).as(broken).isEmpty();
    }
  }
}
