package dev.flopmeter.gpucheck;

import java.io.IOException;
import java.time.Duration;
import java.util.function.UnaryOperator;

/**
 * One entry of the list.
 *
 * @param name in the summary
 * @param least time that must be left for it to be started
 * @param limit the time it may take, of the time that is left
 * @param task does it and keeps what it found
 */
record Item(String name, Duration least, UnaryOperator<Duration> limit, Task task) {
  interface Task {
    /** Ends within the limit in every case. */
    Outcome run(String item, Duration limit) throws IOException, InterruptedException;
  }
}
