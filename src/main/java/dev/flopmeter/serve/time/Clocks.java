package dev.flopmeter.serve.time;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The daemon's two clocks. Waits and durations use {@code nanos}, which never jumps; {@code wall}
 * only dates what is shown and kept, so that setting the machine's clock disturbs no schedule.
 *
 * @param nanos nanoseconds from an arbitrary origin, never going back
 */
public record Clocks(InstantSource wall, LongSupplier nanos) {
  public static Clocks system() {
    return new Clocks(InstantSource.system(), System::nanoTime);
  }
}
