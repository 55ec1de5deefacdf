package dev.flopmeter.cli;

import java.io.IOException;

/** A command of flopmeter: the arguments it takes, and what it does with them. */
abstract class Command extends Arguments {
  /**
   * Runs with the values that the arguments now hold.
   *
   * @return the exit code
   */
  abstract int run(Console console) throws IOException, InterruptedException;
}
