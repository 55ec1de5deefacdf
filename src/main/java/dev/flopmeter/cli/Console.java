package dev.flopmeter.cli;

import dev.flopmeter.report.text.ProgressBar;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/**
 * The output of a command.
 *
 * @param out the result; write failures are reported when the command has finished
 * @param err everything else
 */
record Console(PrintWriter out, PrintWriter err) {
  void warn(String message) {
    err.println("flopmeter: " + Main.oneLine(message));
    err.flush();
  }

  /** Progress on standard error, as a bar if that is a terminal. */
  static ProgressBar progress() {
    TerminalStyle style =
        TerminalStyle.of(System.getenv(), Terminal.ERRORS, Charset.defaultCharset(), false);
    return new ProgressBar(System.err, style, Terminal.ERRORS.isTerminal(), System::nanoTime);
  }
}
