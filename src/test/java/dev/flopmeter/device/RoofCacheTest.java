package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoofCacheTest {
  private static final Device CPU =
      new Device(DeviceKind.CPU, "cpu", "Xeon, 2 cores", Map.of("cores", "2"), false);
  private static final Map<String, String> VERSIONS = Map.of("pytorch", "2.7.1");
  private static final MeasuredRoofs ROOFS =
      new MeasuredRoofs(
          Map.of("fp32", 1.5e11),
          Map.of("fp32", "MatMul 2048"),
          2.5e10,
          List.of(new MemoryLevel("L2", 1L << 20, Map.of("copy", 5e10), Map.of("copy", 3e10))),
          null,
          Instant.parse("2026-11-24T04:00:00Z"),
          VERSIONS);

  @TempDir Path directory;

  private RoofCache cache() {
    return new RoofCache(directory.resolve("deep").resolve("roofs"));
  }

  @Test
  void writtenValuesAreReadBack() throws IOException {
    assertThat(cache().read("djl", CPU, VERSIONS)).isEmpty();
    cache().write("djl", CPU, ROOFS);
    assertThat(cache().read("djl", CPU, VERSIONS)).hasValue(ROOFS);
    assertThat(cache().read("cudnn", CPU, VERSIONS)).isEmpty();
  }

  @Test
  void otherVersionsAreAnotherDevice() throws IOException {
    cache().write("djl", CPU, ROOFS);
    assertThat(cache().read("djl", CPU, Map.of("pytorch", "2.8.0"))).isEmpty();
  }

  @Test
  void aSliceHasItsOwnFile() {
    Device slice = new Device(DeviceKind.CPU, "cpu", "Xeon, 2 cores", Map.of("cores", "1"), false);
    assertThat(cache().file("djl", slice)).isNotEqualTo(cache().file("djl", CPU));
    assertThat(cache().file("djl", CPU).getFileName().toString())
        .matches("djl-xeon-2-cores-[0-9a-f]{8}\\.json");
  }

  @Test
  void aBrokenFileCountsAsAbsentAndIsReplaced() throws IOException {
    cache().write("djl", CPU, ROOFS);
    Files.writeString(cache().file("djl", CPU), "{\"half\":");
    assertThat(cache().read("djl", CPU, VERSIONS)).isEmpty();
    cache().write("djl", CPU, ROOFS);
    assertThat(cache().read("djl", CPU, VERSIONS)).hasValue(ROOFS);
    assertThat(Files.list(directory.resolve("deep").resolve("roofs"))).hasSize(1);
  }

  @Test
  void roofsOfAnEarlierVersionHaveNoLevels() throws IOException {
    Files.createDirectories(cache().file("djl", CPU).getParent());
    Files.writeString(
        cache().file("djl", CPU),
        """
        {"flopsPerSecond": {"fp32": 2e11}, "found": {"fp32": "MatMul"}, "bytesPerSecond": 1.8e10,
         "launchSeconds": 8e-6, "measuredAt": "2026-11-24T04:00:00Z",
         "versions": {"pytorch": "2.7.1"}}
        """);
    MeasuredRoofs roofs = cache().read("djl", CPU, VERSIONS).orElseThrow();
    assertThat(roofs.bytesPerSecond()).isEqualTo(1.8e10);
    assertThat(roofs.levels()).isEmpty();
  }

  @Test
  void theHighestOfTwoIsTheHigherOfEachRateAtEachLevel() {
    MeasuredRoofs other =
        new MeasuredRoofs(
            Map.of("fp32", 2e11),
            Map.of("fp32", "Conv"),
            2e10,
            List.of(new MemoryLevel("L2", 1L << 19, Map.of("copy", 4e10, "read", 6e10), Map.of())),
            null,
            Instant.parse("2026-11-24T05:00:00Z"),
            VERSIONS);
    MeasuredRoofs highest = ROOFS.highest(other);
    assertThat(highest.flopsPerSecond()).containsEntry("fp32", 2e11);
    assertThat(highest.found()).containsEntry("fp32", "Conv");
    assertThat(highest.bytesPerSecond()).isEqualTo(2.5e10);
    assertThat(highest.levels())
        .containsExactly(
            new MemoryLevel(
                "L2", 1L << 20, Map.of("copy", 5e10, "read", 6e10), Map.of("copy", 3e10)));
  }
}
