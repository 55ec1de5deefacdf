package dev.flopmeter.device;

import dev.flopmeter.device.SensorReading.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A processor's sensors, as far as Linux provides them: package energy (RAPL, often readable by
 * root only), core clocks, load. Everything is a small file; nothing is opened between readings.
 */
final class CpuSensors implements SensorSource {
  // Fields of the first line of /proc/stat; after the eighth come guests, which are in the first.
  private static final int FIELDS = 8;
  private static final int IDLE = 3;
  private static final int IO_WAIT = 4;

  private final Path sys;
  private final Path proc;

  /** The last reading of each package's counter; it wraps around, so differences must be added. */
  private final Map<Path, Long> counters = new HashMap<>();

  private double joules;
  private long busyTicks;
  private long allTicks;

  CpuSensors(Path sys, Path proc) {
    this.sys = sys;
    this.proc = proc;
    utilization(); // from here on, shares are relative to now
  }

  @Override
  public SensorReading read() {
    Map<Figure, Double> figures = new EnumMap<>(Figure.class);
    Map<String, String> absent = new TreeMap<>();
    energyJoules()
        .ifPresentOrElse(
            energy -> figures.put(Figure.ENERGY, energy),
            () -> {
              absent.put(Figure.ENERGY.label(), energyReason());
              absent.put(Figure.POWER.label(), energyReason());
            });
    Map.of(Figure.CPU_CLOCK, clock(), Figure.CPU_LOAD, load())
        .forEach(
            (figure, value) ->
                value.ifPresentOrElse(
                    known -> figures.put(figure, known),
                    () -> absent.put(figure.label(), "not reported by the system")));
    utilization().ifPresent(share -> figures.put(Figure.UTILIZATION, share));
    return new SensorReading(figures, List.of(), absent);
  }

  private String energyReason() {
    List<Path> packages = packages();
    return packages.isEmpty()
        ? "no RAPL counters (no " + sys.resolve("class/powercap/intel-rapl:0") + ")"
        : packages.get(0) + " is not readable; run chmod a+r on it as root";
  }

  /** RAPL's top level: one counter per package; cores and memory are parts of it. */
  private List<Path> packages() {
    try (Stream<Path> zones = Files.list(sys.resolve("class/powercap"))) {
      return zones
          .filter(zone -> zone.getFileName().toString().matches("intel-rapl:\\d+"))
          .map(zone -> zone.resolve("energy_uj"))
          .filter(Files::exists)
          .sorted()
          .toList();
    } catch (IOException e) {
      return List.of(); // this system has none
    }
  }

  @Override
  public OptionalDouble energyJoules() {
    List<Path> packages = packages();
    if (packages.isEmpty()) {
      return OptionalDouble.empty();
    }
    for (Path counter : packages) {
      Long now = number(counter);
      if (now == null) {
        return OptionalDouble.empty();
      }
      Long before = counters.put(counter, now);
      if (before != null) {
        joules += steps(counter, before, now) / 1e6;
      }
    }
    return OptionalDouble.of(joules);
  }

  private static long steps(Path counter, long before, long now) {
    if (now >= before) {
      return now - before;
    }
    Long range = number(counter.resolveSibling("max_energy_range_uj"));
    return range == null ? 0 : now + range - before;
  }

  private Optional<Double> clock() {
    DoubleSummaryStatistics clocks = new DoubleSummaryStatistics();
    for (int core = 0; core < 1024; core++) {
      Long kilohertz =
          number(sys.resolve("devices/system/cpu/cpu" + core + "/cpufreq/scaling_cur_freq"));
      if (kilohertz == null) {
        break;
      }
      clocks.accept(kilohertz * 1e3);
    }
    if (clocks.getCount() == 0) {
      lines(proc.resolve("cpuinfo")).stream()
          .filter(line -> line.matches("cpu MHz\\s*: *\\d+(\\.\\d+)? *"))
          .map(line -> line.substring(line.indexOf(':') + 1))
          .forEach(text -> clocks.accept(Double.parseDouble(text) * 1e6));
    }
    return clocks.getCount() == 0 ? Optional.empty() : Optional.of(clocks.getAverage());
  }

  private Optional<Double> load() {
    return lines(proc.resolve("loadavg")).stream()
        .filter(line -> line.matches("\\d+(\\.\\d+)?( .*)?"))
        .map(line -> line.replaceFirst(" .*", ""))
        .map(load -> Double.parseDouble(load) / Runtime.getRuntime().availableProcessors())
        .findFirst();
  }

  /** The share of all cores' time since the last call that was not idle. */
  private Optional<Double> utilization() {
    List<String> lines = lines(proc.resolve("stat"));
    if (lines.isEmpty() || !lines.get(0).matches("cpu( +\\d+){5,}")) {
      return Optional.empty();
    }
    List<Long> ticks =
        Arrays.stream(lines.get(0).split(" +")).skip(1).limit(FIELDS).map(Long::valueOf).toList();
    long all = ticks.stream().mapToLong(Long::longValue).sum();
    long busy = all - ticks.get(IDLE) - ticks.get(IO_WAIT);
    long busySince = busy - busyTicks;
    long allSince = all - allTicks;
    busyTicks = busy;
    allTicks = all;
    return allSince <= 0
        ? Optional.empty()
        : Optional.of(Math.max(0, Math.min(1, (double) busySince / allSince)));
  }

  private static @Nullable Long number(Path file) {
    List<String> lines = lines(file);
    return lines.isEmpty() || !lines.get(0).trim().matches("\\d{1,18}")
        ? null
        : Long.valueOf(lines.get(0).trim());
  }

  private static List<String> lines(Path file) {
    try {
      return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      return List.of(); // it no longer exists or cannot be read: the figure is absent
    }
  }
}
