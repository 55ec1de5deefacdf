package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.SensorReading.Figure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The sensors with the emulated libnvidia-ml.so.1, each case in a separate process because the
 * emulated GPU reads its switches at start.
 */
class NvmlSensorsTest {
  private static final Path LIBRARIES = Path.of("target/emulated-gpu/lib").toAbsolutePath();

  /** The child's output; runs on the emulated GPU. */
  static final class Print {
    public static void main(String[] args) {
      Device device =
          new Device(
              DeviceKind.CUDA, "cuda:0", "Emulated GPU", Map.of("pci_bus_id", args[0]), true);
      try (SensorSource source = NvmlSensors.open(device, "libnvidia-ml.so.1")) {
        SensorReading reading = source.read();
        for (Figure figure : Figure.values()) {
          System.out.println(figure.label() + "=" + reading.of(figure));
        }
        System.out.println("throttle=" + reading.throttleReasons());
        System.out.println("default=" + source.defaultSmClockHz());
        System.out.println("energy=" + source.energyJoules().isPresent());
        System.out.println("absent=" + reading.absent());
      }
    }
  }

  private static Map<String, String> read(String faults, String busId) throws Exception {
    Assumptions.assumeTrue(
        Files.exists(LIBRARIES.resolve("libnvidia-ml.so.1")),
        "the emulated GPU is not built in " + LIBRARIES);
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Print.class.getName(),
            busId);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LD_LIBRARY_PATH", LIBRARIES.toString());
    builder.environment().put("FLOPMETER_EMULATED_FAULT", faults);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(out).isZero();
    Map<String, String> values = new LinkedHashMap<>();
    for (String line : new ArrayList<>(out.lines().toList())) {
      int equals = line.indexOf('=');
      if (equals > 0) {
        values.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    return values;
  }

  private static String bus() {
    return "00000000:0a:00.0";
  }

  @Test
  void readsEverySensor() throws Exception {
    Map<String, String> values = read("", bus());
    assertThat(values)
        .containsEntry("sm_clock_hz", "1.41E9")
        .containsEntry("memory_clock_hz", "1.215E9")
        .containsEntry("throttle", "[]")
        .containsEntry("default", "OptionalDouble[1.41E9]")
        .containsEntry("energy", "true")
        .containsEntry("absent", "{}");
    assertThat(Double.parseDouble(values.get("power_w"))).isPositive();
    assertThat(Double.parseDouble(values.get("power_limit_w"))).isGreaterThan(100);
    assertThat(Double.parseDouble(values.get("temperature_c"))).isBetween(20.0, 100.0);
  }

  @ParameterizedTest
  @CsvSource({
    "throttle:thermal, [sw_thermal]",
    "throttle:power, [sw_power_cap]",
    "throttle:hw, [hw_slowdown]",
    "throttle:brake, '[hw_slowdown, hw_power_brake]'",
  })
  void reportsWhyAndHowFarTheClockIsReduced(String fault, String reasons) throws Exception {
    assertThat(read(fault, bus()))
        .containsEntry("throttle", reasons)
        .containsEntry("sm_clock_hz", "7.05E8")
        .containsEntry("default", "OptionalDouble[1.41E9]");
  }

  @Test
  void seesANeighbour() throws Exception {
    assertThat(read("busy:80%,used-memory:1000000", bus()))
        .containsEntry("utilization", "0.8")
        .containsEntry("memory_used_bytes", "1000000.0")
        .containsEntry("other_processes", "1.0");
  }

  @Test
  void aLostGpuIsAbsentNotZero() throws Exception {
    Map<String, String> values = read("device-lost", bus());
    assertThat(values.get("sm_clock_hz")).isEqualTo("null");
    assertThat(values.get("absent")).containsIgnoringCase("lost");
  }

  @Test
  void anUnknownDeviceIsAbsentWithTheReason() throws Exception {
    assertThat(read("", "00000000:77:00.0").get("absent")).contains("NVML does not know cuda:0");
  }

  @Test
  void withoutTheLibraryEachFigureIsAbsentWithTheReason() throws IOException {
    Device device = new Device(DeviceKind.CUDA, "cuda:0", "Card", Map.of(), false);
    try (SensorSource source = NvmlSensors.open(device, "libnvidia-no-such-thing.so.1")) {
      SensorReading reading = source.read();
      assertThat(reading.of(Figure.SM_CLOCK)).isNull();
      assertThat(reading.absent())
          .containsKeys("sm_clock_hz", "power_w", "energy_j_per_inference", "throttle_reasons");
      assertThat(reading.absent().get("power_w")).contains("cannot be loaded");
      assertThat(source.energyJoules()).isEmpty();
    }
  }
}
