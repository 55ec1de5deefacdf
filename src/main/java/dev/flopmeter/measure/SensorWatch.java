package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult.Sensors;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Watches a device while it is measured. Closing ends the watch. */
public interface SensorWatch extends AutoCloseable {
  /** Nothing to watch with. */
  SensorWatch NONE = Optional::empty;

  /** The reason to drop the pass that has just ended; nothing to let it count. */
  Optional<String> refusal();

  /** The device's energy counter now; nothing where it has none. */
  default OptionalDouble energyJoules() {
    return OptionalDouble.empty();
  }

  /** What was seen so far; null where there are no sensors at all. */
  default @Nullable Sensors summary(@Nullable Double joulesPerInference) {
    return null;
  }

  @Override
  default void close() {}
}
