package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult.Sensors;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Watches a device while it is measured. Closing ends the watch. */
public interface SensorWatch extends AutoCloseable {
  /** Nothing to watch with. */
  SensorWatch NONE =
      new SensorWatch() {
        @Override
        public SampleGate gate() {
          return SampleGate.OPEN;
        }

        @Override
        public OptionalDouble energyJoules() {
          return OptionalDouble.empty();
        }

        @Override
        public @Nullable Sensors summary(@Nullable Double joulesPerInference) {
          return null;
        }

        @Override
        public void close() {}
      };

  /** Refuses samples that were taken while the device was held back. */
  SampleGate gate();

  /** The device's energy counter now; nothing where it has none. */
  OptionalDouble energyJoules();

  /** What was seen so far; null where there are no sensors at all. */
  @Nullable Sensors summary(@Nullable Double joulesPerInference);

  @Override
  void close();
}
