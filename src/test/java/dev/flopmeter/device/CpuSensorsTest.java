package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.device.SensorReading.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuSensorsTest {
  @TempDir Path root;
  private Path sys;
  private Path proc;

  @BeforeEach
  void system() throws IOException {
    sys = Files.createDirectories(root.resolve("sys"));
    proc = Files.createDirectories(root.resolve("proc"));
    write(proc.resolve("stat"), "cpu  100 0 100 800 0 0 0 0 0 0");
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text + "\n");
  }

  private Path rapl(int socket) {
    return sys.resolve("class/powercap/intel-rapl:" + socket + "/energy_uj");
  }

  @Test
  void anEmptySystemExplainsWhyEachFigureIsAbsent() throws IOException {
    Files.delete(proc.resolve("stat"));
    SensorReading reading = new CpuSensors(sys, proc).read();
    assertThat(reading.of(Figure.ENERGY)).isNull();
    assertThat(reading.of(Figure.CPU_CLOCK)).isNull();
    assertThat(reading.of(Figure.UTILIZATION)).isNull();
    assertThat(reading.absent())
        .containsKeys("energy_j_per_inference", "power_w", "cpu_clock_hz", "cpu_load");
    assertThat(reading.absent().get("power_w")).contains("no RAPL counters");
  }

  @Test
  void energyIsTheSumOfThePackagesSinceTheFirstReading() throws IOException {
    write(rapl(0), "5000000");
    write(rapl(1), "7000000");
    write(sys.resolve("class/powercap/intel-rapl:0:0/energy_uj"), "999"); // cores: a part of it
    CpuSensors sensors = new CpuSensors(sys, proc);
    assertThat(sensors.energyJoules()).hasValue(0);
    write(rapl(0), "6500000");
    write(rapl(1), "7250000");
    assertThat(sensors.energyJoules()).hasValue(1.75);
  }

  @Test
  void aCounterThatWrapsAroundContinues() throws IOException {
    write(rapl(0), "9000000");
    write(rapl(0).resolveSibling("max_energy_range_uj"), "10000000");
    CpuSensors sensors = new CpuSensors(sys, proc);
    sensors.energyJoules();
    write(rapl(0), "500000");
    assertThat(sensors.energyJoules()).hasValue(1.5);
  }

  @Test
  void clocksAreAveragedOverTheCores() throws IOException {
    for (int core = 0; core < 2; core++) {
      write(
          sys.resolve("devices/system/cpu/cpu" + core + "/cpufreq/scaling_cur_freq"),
          core == 0 ? "2000000" : "3000000");
    }
    assertThat(new CpuSensors(sys, proc).read().of(Figure.CPU_CLOCK)).isEqualTo(2.5e9);
  }

  @Test
  void withoutFrequencyScalingTheClockIsFromCpuinfo() throws IOException {
    write(proc.resolve("cpuinfo"), "processor\t: 0\ncpu MHz\t\t: 2450.000\n");
    assertThat(new CpuSensors(sys, proc).read().of(Figure.CPU_CLOCK)).isEqualTo(2.45e9);
  }

  @Test
  void utilizationIsTheShareSinceTheReadingBefore() throws IOException {
    CpuSensors sensors = new CpuSensors(sys, proc);
    write(proc.resolve("stat"), "cpu  160 0 115 815 10 0 0 0 0 0"); // 75 busy of 100
    assertThat(sensors.read().of(Figure.UTILIZATION)).isCloseTo(0.75, within(1e-9));
    assertThat(sensors.read().of(Figure.UTILIZATION)).isNull(); // no time has passed
  }

  @Test
  void loadIsPerCore() throws IOException {
    write(proc.resolve("loadavg"), "3.00 2.00 1.00 1/100 42");
    int cores = Runtime.getRuntime().availableProcessors();
    assertThat(new CpuSensors(sys, proc).read().of(Figure.CPU_LOAD)).isEqualTo(3.0 / cores);
  }
}
