package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult.Sensors;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Watches a device while it is measured. Closing ends the watch. */
public interface SensorWatch extends AutoCloseable {
  /** A watch without sensors. */
  SensorWatch NONE = Optional::empty;

  /** The reason to drop the pass that has just ended; nothing to keep it. */
  Optional<String> refusal();

  /** The device's energy counter now; nothing if it has none. */
  default OptionalDouble energyJoules() {
    return OptionalDouble.empty();
  }

  /** The readings so far; null without any sensors. */
  default @Nullable Sensors summary(@Nullable Double joulesPerInference) {
    return null;
  }

  @Override
  default void close() {}
}
