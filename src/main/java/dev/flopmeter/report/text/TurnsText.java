package dev.flopmeter.report.text;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Turns;
import dev.flopmeter.measure.Turns.Side;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;

/** A comparison by turns: the verdict, then the details of the run. */
public final class TurnsText {
  private TurnsText() {}

  public static String render(Turns turns, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    out.append(style.bold(verdict(turns))).append("\n\n");
    side(out, "base", turns.base(), turns.baseSeconds());
    side(out, "new ", turns.next(), turns.nextSeconds());
    return out.append(
            "%n%,d turns of each in %s. "
                .formatted(turns.pairs(), Figures.seconds(turns.seconds())))
        .append("Threshold ")
        .append(Figures.percent(turns.rules().threshold()))
        .append("; the verdict and the interval are wrong with a probability of at most ")
        .append(Figures.percent(turns.rules().errorRate()))
        .append(".\n")
        .toString();
  }

  private static void side(StringBuilder out, String name, Side side, double seconds) {
    out.append(name).append("  ").append(Printable.of(Cut.name(side.model())));
    out.append(", ").append(side.precision()).append(", batch ").append(side.batch());
    out.append(" with ").append(side.backend()).append(" on ").append(side.device().id());
    out.append(": ").append(Figures.seconds(seconds)).append(" a pass\n");
  }

  /** Such as {@code slower by 3.1 %, between +2.2 % and +4 %}. */
  static String verdict(Turns turns) {
    Double low = turns.low();
    Double high = turns.high();
    String interval =
        low == null || high == null
            ? ""
            : ", between " + Figures.change(low) + " and " + Figures.change(high);
    String size = Figures.percent(Math.abs(turns.change()));
    Change verdict = turns.verdict();
    if (verdict == null) {
      return "Undecided, %s%s; increase --max-time or --threshold"
          .formatted(Figures.change(turns.change()), interval);
    }
    return (verdict == Change.SAME
            ? "No change of " + Figures.percent(turns.rules().threshold()) + " or more"
            : (turns.isSlower() ? "Slower by " : "Faster by ") + size)
        + interval;
  }
}
