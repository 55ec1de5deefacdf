package dev.flopmeter.measure;

import dev.flopmeter.device.SensorReading;
import dev.flopmeter.device.SensorReading.Figure;
import dev.flopmeter.device.SensorSource;
import dev.flopmeter.result.ProfileResult.Sensors;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a device's sensors at a low rate on a separate thread, parallel to the timed stream. A
 * reading takes well under a millisecond; ten per second have no measurable effect on a pass.
 */
public final class SampledWatch implements SensorWatch {
  /** Samples below this share of the default SM clock do not count. */
  static final double LEAST_CLOCK = 0.75;

  private static final long PERIOD_MILLIS = 100;

  private final SensorSource source;
  private final double leastSmClockHz;
  private final Thread thread;
  private final CountDownLatch end = new CountDownLatch(1);
  private final List<SensorReading> readings = new ArrayList<>();

  /** The newest SM clock, checked after every pass, so it must not wait for a lock. */
  private volatile double smClockHz = Double.POSITIVE_INFINITY;

  /** A watch that only reads on request. */
  SampledWatch(SensorSource source) {
    this.source = source;
    this.leastSmClockHz = LEAST_CLOCK * source.defaultSmClockHz().orElse(0);
    this.thread = new Thread(this::readUntilEnd, "sensors");
    thread.setDaemon(true);
  }

  /** Starts to watch; {@code source} is closed with it. */
  public static SampledWatch start(SensorSource source) {
    SampledWatch watch = new SampledWatch(source);
    watch.thread.start();
    return watch;
  }

  private void readUntilEnd() {
    try {
      do {
        read();
      } while (!end.await(PERIOD_MILLIS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  synchronized void read() {
    SensorReading reading = source.read();
    readings.add(reading);
    Double clock = reading.of(Figure.SM_CLOCK);
    smClockHz = clock == null ? Double.POSITIVE_INFINITY : clock;
  }

  @Override
  public Optional<String> refusal() {
    return smClockHz < leastSmClockHz
        ? Optional.of(
            String.format(
                Locale.ROOT, "SM clock below %.0f MHz, 75 %% of its default", leastSmClockHz / 1e6))
        : Optional.empty();
  }

  @Override
  public synchronized OptionalDouble energyJoules() {
    return source.energyJoules();
  }

  @Override
  public synchronized Sensors summary(@Nullable Double joulesPerInference) {
    if (readings.isEmpty()) {
      read();
    }
    SensorReading last = readings.get(readings.size() - 1);
    Map<String, String> absent = new TreeMap<>(last.absent());
    if (joulesPerInference != null) {
      absent.remove("energy_j_per_inference");
    }
    TreeSet<String> reasons = new TreeSet<>();
    readings.forEach(reading -> reasons.addAll(reading.throttleReasons()));
    Double memoryUsed = last.of(Figure.MEMORY_USED);
    DoubleSummaryStatistics processes = all(Figure.PROCESSES).summaryStatistics();
    return new Sensors(
        median(Figure.SM_CLOCK),
        median(Figure.MEMORY_CLOCK),
        median(Figure.POWER),
        last.of(Figure.POWER_LIMIT),
        joulesPerInference,
        all(Figure.TEMPERATURE).boxed().max(Double::compare).orElse(null),
        median(Figure.UTILIZATION),
        memoryUsed == null ? null : memoryUsed.longValue(),
        // In a container the driver reports other ids than this process sees, but one of them is
        // always this process.
        processes.getCount() == 0 ? null : (int) Math.max(0, processes.getMax() - 1),
        median(Figure.CPU_CLOCK),
        last.of(Figure.CPU_LOAD),
        List.copyOf(reasons),
        absent);
  }

  private @Nullable Double median(Figure figure) {
    double[] values = all(figure).toArray();
    return values.length == 0 ? null : Distribution.of(values).median();
  }

  private DoubleStream all(Figure figure) {
    return readings.stream()
        .map(reading -> reading.of(figure))
        .filter(Objects::nonNull)
        .mapToDouble(Double::doubleValue);
  }

  @Override
  public void close() {
    end.countDown();
    try {
      // The library may only be shut down after the current reading.
      thread.join(TimeUnit.SECONDS.toMillis(5));
      if (!thread.isAlive()) {
        source.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
