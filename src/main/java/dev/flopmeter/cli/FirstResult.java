package dev.flopmeter.cli;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.report.text.ProfileTable;
import dev.flopmeter.report.text.ProgressBar;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.Daemon.RunListener;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Shows the person who started the daemon at a terminal its first run: progress while it works,
 * then the table. Without a terminal, and for all later runs, there is only a line in the log.
 */
final class FirstResult implements RunListener {
  private final PrintWriter out;
  private @Nullable Target shown;
  private @Nullable ProgressBar bar;
  private boolean isDone;

  FirstResult(PrintWriter out) {
    this.out = out;
  }

  @Override
  public synchronized Progress began(Target target) {
    if (isDone || shown != null) {
      return Progress.SILENT;
    }
    shown = target;
    if (!Terminal.ERRORS.isTerminal()) {
      return Progress.SILENT; // progress lines do not belong in a log
    }
    bar = Console.progress();
    return bar;
  }

  @Override
  public synchronized void ended(Target target, RunReport report) {
    if (!target.equals(shown)) {
      return;
    }
    shown = null;
    if (bar != null) {
      bar.close();
      bar = null;
    }
    List<ProfileResult> results =
        report.results().stream().map(line -> line.result().profile()).toList();
    if (!results.isEmpty() && Terminal.OUTPUT.isTerminal()) {
      isDone = true;
      TerminalStyle style =
          TerminalStyle.of(System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), false);
      out.println(ProfileTable.render(results, style));
      out.flush();
    }
  }
}
