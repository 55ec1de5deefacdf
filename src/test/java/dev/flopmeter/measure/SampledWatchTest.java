package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.SensorReading;
import dev.flopmeter.device.SensorReading.Figure;
import dev.flopmeter.device.SensorSource;
import dev.flopmeter.result.ProfileResult.Sensors;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rule 8: clocks are read, and samples below 75 % of the default clock do not count. */
class SampledWatchTest {

  /** Plays back readings. */
  private static final class Recorded implements SensorSource {
    private final Deque<SensorReading> readings = new ArrayDeque<>();
    private final OptionalDouble normal;
    private boolean isClosed;

    Recorded(OptionalDouble normal, SensorReading... readings) {
      this.normal = normal;
      this.readings.addAll(List.of(readings));
    }

    @Override
    public SensorReading read() {
      return readings.size() > 1 ? readings.removeFirst() : readings.getFirst();
    }

    @Override
    public OptionalDouble defaultSmClockHz() {
      return normal;
    }

    @Override
    public void close() {
      isClosed = true;
    }
  }

  private static SensorReading reading(
      @Nullable Double clock, double power, double temperature, List<String> throttle) {
    Map<Figure, Double> figures = new EnumMap<>(Figure.class);
    figures.put(Figure.POWER, power);
    figures.put(Figure.POWER_LIMIT, 700.0);
    figures.put(Figure.TEMPERATURE, temperature);
    figures.put(Figure.PROCESSES, 2.0);
    if (clock != null) {
      figures.put(Figure.SM_CLOCK, clock);
    }
    return new SensorReading(figures, throttle, Map.of("utilization", "not told"));
  }

  @Test
  void aClockBelowThreeQuartersOfTheDefaultRefusesSamples() {
    SampledWatch watch =
        new SampledWatch(
            new Recorded(
                OptionalDouble.of(2e9),
                reading(1.51e9, 1, 1, List.of()),
                reading(1.49e9, 1, 1, List.of()),
                reading(2e9, 1, 1, List.of())));
    assertThat(watch.refusal()).isEmpty(); // nothing read yet
    watch.read();
    assertThat(watch.refusal()).isEmpty();
    watch.read();
    assertThat(watch.refusal()).hasValue("SM clock below 1500 MHz, 75 % of its default");
    watch.read();
    assertThat(watch.refusal()).isEmpty();
  }

  @Test
  void aDeviceWithoutAClockRejectsNoSamples() {
    SampledWatch unknown =
        new SampledWatch(new Recorded(OptionalDouble.of(2e9), reading(null, 1, 1, List.of())));
    unknown.read();
    assertThat(unknown.refusal()).isEmpty();
    SampledWatch noDefault =
        new SampledWatch(new Recorded(OptionalDouble.empty(), reading(1e6, 1, 1, List.of())));
    noDefault.read();
    assertThat(noDefault.refusal()).isEmpty();
  }

  @Test
  void summarisesItsSamples() {
    SampledWatch watch =
        new SampledWatch(
            new Recorded(
                OptionalDouble.of(2e9),
                reading(1.9e9, 300, 50, List.of()),
                reading(1.8e9, 500, 61, List.of("sw_power_cap")),
                reading(1.7e9, 400, 60, List.of("sw_thermal"))));
    for (int i = 0; i < 3; i++) {
      watch.read();
    }
    Sensors sensors = watch.summary(0.5);
    assertThat(sensors.smClockHz()).isEqualTo(1.8e9);
    assertThat(sensors.powerW()).isEqualTo(400);
    assertThat(sensors.temperatureC()).isEqualTo(61);
    assertThat(sensors.energyJPerInference()).isEqualTo(0.5);
    assertThat(sensors.throttleReasons()).containsExactly("sw_power_cap", "sw_thermal");
    assertThat(sensors.otherProcesses()).isEqualTo(1);
    assertThat(sensors.utilization()).isNull();
    assertThat(sensors.absent()).containsEntry("utilization", "not told");
  }

  @Test
  void closingEndsTheThreadAndTheSource() {
    Recorded source = new Recorded(OptionalDouble.empty(), reading(1e9, 1, 1, List.of()));
    try (SampledWatch watch = SampledWatch.start(source)) {
      assertThat(watch.summary(null)).isNotNull();
    }
    assertThat(source.isClosed).isTrue();
  }
}
