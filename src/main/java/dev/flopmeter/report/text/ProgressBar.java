package dev.flopmeter.report.text;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Durations;
import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Progress of long work. On a terminal: one line, redrawn, with a bar and the remaining time. In a
 * log: a plain line when the phase changes, and every ten seconds.
 */
public final class ProgressBar implements Progress {
  private static final double REDRAW_SECONDS = 0.1;
  private static final double LOG_SECONDS = 10;

  /** Below this share of the work the remaining time cannot be estimated. */
  private static final double ESTIMATE_FROM = 0.03;

  private static final int BAR = 24;

  private final PrintStream out;
  private final TerminalStyle style;
  private final boolean isTerminal;
  private final LongSupplier nanoTime;
  private final long started;
  private String phase = "";
  private double shownAt = Double.NEGATIVE_INFINITY;
  private boolean isDrawn;

  /**
   * Draws on {@code out}.
   *
   * @param isTerminal whether lines may be drawn over
   * @param nanoTime a monotonic clock such as {@link System#nanoTime}
   */
  public ProgressBar(
      PrintStream out, TerminalStyle style, boolean isTerminal, LongSupplier nanoTime) {
    this.out = out;
    this.style = style;
    this.isTerminal = isTerminal;
    this.nanoTime = nanoTime;
    this.started = nanoTime.getAsLong();
  }

  @Override
  public synchronized void report(String newPhase, double done, String detail) {
    double share = Math.min(1, Math.max(0, done));
    double elapsed = (nanoTime.getAsLong() - started) / 1e9;
    boolean isNews = !newPhase.equals(phase);
    double wait = isTerminal ? REDRAW_SECONDS : LOG_SECONDS;
    if (!isNews && share < 1 && elapsed - shownAt < wait) {
      return;
    }
    phase = newPhase;
    shownAt = elapsed;
    if (isTerminal) {
      draw(share, detail, elapsed);
    } else {
      out.println(style.fit(line(share, detail, elapsed)));
    }
  }

  private void draw(double share, String detail, double elapsed) {
    int full = (int) Math.round(share * BAR);
    String bar =
        style.unicode()
            ? style.green("━".repeat(full)) + style.dim("─".repeat(BAR - full))
            : "#".repeat(full) + ".".repeat(BAR - full);
    String text = " " + line(share, detail, elapsed);
    int room = style.width() - 1 - BAR;
    String cut = text.length() > room ? text.substring(0, Math.max(0, room)) : text;
    out.print("\r" + bar + style.fit(cut) + "\u001b[K");
    out.flush();
    isDrawn = true;
  }

  /** {@code 42 % measure, batch 8, 3 s left}. */
  private String line(double share, String detail, double elapsed) {
    StringBuilder text = new StringBuilder();
    text.append(Math.round(Math.floor(share * 100))).append(" %  ").append(phase);
    if (!detail.isEmpty()) {
      text.append(", ").append(Printable.of(detail));
    }
    if (share >= ESTIMATE_FROM && share < 1) {
      text.append(", ").append(Durations.coarse(left(elapsed, share))).append(" left");
    }
    return text.toString();
  }

  private static Duration left(double elapsed, double share) {
    return Duration.ofSeconds(Math.max(1, Math.round(elapsed * (1 - share) / share)));
  }

  /** Clears the line, so that what follows starts on an empty one. */
  @Override
  public synchronized void close() {
    if (isDrawn) {
      out.print("\r\u001b[K");
      out.flush();
      isDrawn = false;
    }
  }
}
