package dev.flopmeter.cli;

import java.io.PrintWriter;

/**
 * Where a command writes.
 *
 * @param out the result; its failures are reported when the command is done
 * @param err everything else
 */
record Console(PrintWriter out, PrintWriter err) {
  void warn(String message) {
    err.println("flopmeter: " + Main.oneLine(message));
    err.flush();
  }
}
