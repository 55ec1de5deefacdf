package dev.flopmeter.cli;

import java.io.IOException;

/** A command of flopmeter: its arguments and its action. */
abstract class Command extends Arguments {
  /**
   * Runs with the current values of the arguments.
   *
   * @return the exit code
   */
  abstract int run(Console console) throws IOException, InterruptedException;
}
