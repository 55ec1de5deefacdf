package dev.flopmeter.cli;

import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;

/** A command of flopmeter: the arguments it takes, and what it does with them. */
interface Command {
  /** Adds the description and the arguments. */
  void declare(CommandSpec command);

  /**
   * Runs with the values that the arguments now hold.
   *
   * @return the exit code
   */
  int run(Console console) throws IOException, InterruptedException;
}
